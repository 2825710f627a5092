# The image for GPUs: that of Dockerfile beside this file, with NVIDIA's libraries (the driver comes with the node) and the recipes.
#
#   docker build -f recipes/container/gpu.Dockerfile -t registry.example.com/minillm-gpu:latest .
#   docker push registry.example.com/minillm-gpu:latest
#   docker run --rm --gpus all registry.example.com/minillm-gpu:latest doctor
#
# For a driver older than 580: --build-arg LIBRARIES="nvidia-cuda-nvrtc-cu12 nvidia-cublas-cu12 nvidia-nccl-cu12".

ARG IMAGE=registry.example.com/minillm:latest
FROM $IMAGE
USER root
ARG LIBRARIES="nvidia-cuda-nvrtc nvidia-cublas nvidia-nccl-cu13"
RUN apt-get update \
  && apt-get install -y --no-install-recommends python3-pip \
  && pip install --no-cache-dir --break-system-packages $LIBRARIES \
  && rm -rf /var/lib/apt/lists/*
COPY recipes /opt/minillm/recipes
USER 1000
