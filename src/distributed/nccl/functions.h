/** The functions of NCCL and the CUDA driver that are used here. A test compares them with the real headers. */
#pragma once

#define NCCL_FUNCTIONS(F)                                                                                             \
  F(ncclGetUniqueId) F(ncclCommInitRank) F(ncclCommDestroy) F(ncclCommAbort) F(ncclCommGetAsyncError) F(ncclAllReduce) \
  F(ncclReduceScatter) F(ncclAllGather) F(ncclBroadcast) F(ncclGetErrorString) F(ncclGetLastError)
#define CUDA_FUNCTIONS(F)                                                                                          \
  F(cuGetErrorString) F(cuCtxSetCurrent) F(cuCtxGetStreamPriorityRange) F(cuStreamCreateWithPriority)              \
  F(cuStreamDestroy_v2) F(cuStreamSynchronize) F(cuStreamWaitEvent) F(cuEventCreate) F(cuEventRecord)              \
  F(cuEventDestroy_v2) F(cuMemsetD8Async) F(cuLaunchHostFunc)

ncclResult_t ncclGetUniqueId(ncclUniqueId *id);
ncclResult_t ncclCommInitRank(ncclComm_t *comm, int size, ncclUniqueId id, int rank);
ncclResult_t ncclCommDestroy(ncclComm_t comm);
ncclResult_t ncclCommAbort(ncclComm_t comm);
ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t *error);
ncclResult_t ncclAllReduce(const void *from, void *to, size_t count, ncclDataType_t type, ncclRedOp_t operation,
                           ncclComm_t comm, cudaStream_t stream);
ncclResult_t ncclReduceScatter(const void *from, void *to, size_t count, ncclDataType_t type, ncclRedOp_t operation,
                               ncclComm_t comm, cudaStream_t stream);
ncclResult_t ncclAllGather(const void *from, void *to, size_t count, ncclDataType_t type, ncclComm_t comm,
                           cudaStream_t stream);
ncclResult_t ncclBroadcast(const void *from, void *to, size_t count, ncclDataType_t type, int root, ncclComm_t comm,
                           cudaStream_t stream);
const char *ncclGetErrorString(ncclResult_t result);
const char *ncclGetLastError(ncclComm_t comm);

CUresult cuGetErrorString(CUresult result, const char **text);
CUresult cuCtxSetCurrent(CUcontext context);
CUresult cuCtxGetStreamPriorityRange(int *least, int *greatest);
CUresult cuStreamCreateWithPriority(CUstream *stream, unsigned int flags, int priority);
CUresult cuStreamDestroy_v2(CUstream stream);
CUresult cuStreamSynchronize(CUstream stream);
CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned int flags);
CUresult cuEventCreate(CUevent *event, unsigned int flags);
CUresult cuEventRecord(CUevent event, CUstream stream);
CUresult cuEventDestroy_v2(CUevent event);
CUresult cuMemsetD8Async(CUdeviceptr target, unsigned char value, size_t bytes, CUstream stream);
CUresult cuLaunchHostFunc(CUstream stream, CUhostFn function, void *data);
