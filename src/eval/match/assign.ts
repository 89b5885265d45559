/**
 * Pairs rows with columns so that as many as possible are paired, and of all ways to do that the one of
 * the least total cost: the Hungarian method with potentials (Kuhn 1955; Munkres 1957), in cubic time.
 * `costs[row][column]` is null where the two must not be paired, else 0 or more. Returns for every row its
 * column, null for none.
 */
export const assign = (costs: readonly (readonly (number | null)[])[]): readonly (number | null)[] => {
  const rows = costs.length;
  const columns = costs.reduce((most, row) => Math.max(most, row.length), 0);
  if (rows === 0 || columns === 0) return costs.map(() => null);
  const size = Math.max(rows, columns);
  const highest = costs.flat().reduce<number>((most, cost) => Math.max(most, cost ?? 0), 0);
  // Dearer than any number of pairs, so that one pair more is always worth it.
  const forbidden = (highest + 1) * (size + 1);
  const costOf = (row: number, column: number): number => costs[row]?.[column] ?? forbidden;
  const rowOf = solve(size, costOf);
  const assigned: (number | null)[] = costs.map(() => null);
  for (const [column, row] of rowOf.entries())
    if (row < rows && column < columns && typeof costs[row]?.[column] === "number") assigned[row] = column;
  return assigned;
};

/** A cheapest perfect pairing of a square: for every column its row. */
const solve = (size: number, costOf: (row: number, column: number) => number): readonly number[] => {
  // Row and column 0 stand for "none yet"; everything real counts from 1.
  const rowPotential = new Float64Array(size + 1);
  const columnPotential = new Float64Array(size + 1);
  const rowAt = new Int32Array(size + 1);
  const at = (list: Float64Array | Int32Array, index: number): number => list[index] ?? 0;
  for (let row = 1; row <= size; row += 1) {
    const cameFrom = new Int32Array(size + 1);
    const least = new Float64Array(size + 1).fill(Number.POSITIVE_INFINITY);
    const isDone = new Uint8Array(size + 1);
    rowAt[0] = row;
    let column = 0;
    while (at(rowAt, column) !== 0) {
      isDone[column] = 1;
      const present = at(rowAt, column);
      let step = Number.POSITIVE_INFINITY;
      let next = 0;
      for (let other = 1; other <= size; other += 1) {
        if (isDone[other] === 1) continue;
        const slack = costOf(present - 1, other - 1) - at(rowPotential, present) - at(columnPotential, other);
        if (slack < at(least, other)) {
          least[other] = slack;
          cameFrom[other] = column;
        }
        if (at(least, other) < step) {
          step = at(least, other);
          next = other;
        }
      }
      for (let other = 0; other <= size; other += 1) {
        if (isDone[other] === 1) {
          const owner = at(rowAt, other);
          rowPotential[owner] = at(rowPotential, owner) + step;
          columnPotential[other] = at(columnPotential, other) - step;
        } else least[other] = at(least, other) - step;
      }
      column = next;
    }
    while (column !== 0) {
      const before = at(cameFrom, column);
      rowAt[column] = at(rowAt, before);
      column = before;
    }
  }
  return Array.from({ length: size }, (_none, column) => at(rowAt, column + 1) - 1);
};
