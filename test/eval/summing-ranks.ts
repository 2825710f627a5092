/** Ranks in one process that only sum: each call waits for one of every other rank. */
export function summingRanks(size: number): { rank: number; size: number; sum(values: Float64Array): Promise<void> }[] {
  let given: Float64Array[] = [];
  let meet: (sums: Float64Array) => void;
  let met: Promise<Float64Array>;
  const next = (): void => {
    given = [];
    met = new Promise((resolve) => {
      meet = resolve;
    });
  };
  next();
  const sum = async (values: Float64Array): Promise<void> => {
    const round = met;
    if (given.push(values.slice()) === size) {
      meet(values.map((_, index) => given.reduce((total, each) => total + each[index]!, 0)));
      next();
    }
    values.set(await round);
  };
  return Array.from({ length: size }, (_, rank) => ({ rank, size, sum }));
}
