/** Optimal string alignment: insertions, deletions, changes and swaps of neighbours, without case. */
export function distance(a: string, b: string): number {
  const [x, y] = [a.toLowerCase(), b.toLowerCase()]
  let before: number[] = []
  let last = Array.from({ length: y.length + 1 }, (_, j) => j)
  for (let i = 1; i <= x.length; i++) {
    const row = [i]
    for (let j = 1; j <= y.length; j++) {
      const change = (last[j - 1] as number) + (x[i - 1] === y[j - 1] ? 0 : 1)
      let best = Math.min((last[j] as number) + 1, (row[j - 1] as number) + 1, change)
      if (i > 1 && j > 1 && x[i - 1] === y[j - 2] && x[i - 2] === y[j - 1])
        best = Math.min(best, (before[j - 2] as number) + 1)
      row.push(best)
    }
    before = last
    last = row
  }
  return last[y.length] as number
}

/** The name that was probably meant: at most a third of it is different. */
export function nearest(name: string, names: Iterable<string>): string | undefined {
  // A misshapen file has anything in the place of a name; that is told as such.
  if (typeof name !== 'string') return undefined
  let best: string | undefined
  let least = Math.max(1, Math.floor(Math.max(name.length, 3) / 3)) + 1
  for (const candidate of names) {
    if (typeof candidate !== 'string' || candidate === name) continue
    if (Math.abs(candidate.length - name.length) >= least) continue
    const steps = distance(name, candidate)
    if (steps < least) [best, least] = [candidate, steps]
  }
  return best
}
