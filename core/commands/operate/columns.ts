/** Tables for a terminal: what stands in them comes from outside and must not steer it. */

/** Control characters, and those that reorder or hide text. */
const DECEIVING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu
const WIDEST = 60

export const harmless = (text: string): string => text.replace(DECEIVING, '�')

/** Columns as wide as what stands in them, the last one as long as it is; cells are cut with an ellipsis. */
export function columns(heads: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const last = heads.length - 1
  const cells = [heads, ...rows.map(row => row.map((cell, place) => cut(harmless(cell), place === last)))]
  const widths = heads.map((_, place) => Math.max(...cells.map(row => lengthOf(row[place] ?? ''))))
  return cells.map(row =>
    row
      .map((cell, place) =>
        place === last ? cell : cell + ' '.repeat((widths[place] ?? 0) - lengthOf(cell)),
      )
      .join('  ')
      .trimEnd(),
  )
}

const lengthOf = (text: string): number => [...text].length

function cut(text: string, whole: boolean): string {
  const letters = [...text]
  return whole || letters.length <= WIDEST ? text : `${letters.slice(0, WIDEST - 1).join('')}…`
}

/** `3 min`, `2 h`, `5 d` since then. */
export function ago(at: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(at)) / 1000))
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`
}
