/** What failed together does not come back together: the retries of one remote are spread over seconds. */

/** So many retries in one second are no burst. */
const FLOOR = 20
/** Beyond it, one second takes at most this share of all that are to come. */
const SHARE = 0.05
const SECOND_MS = 1000

export interface Spread {
  /**
   * The moment at which a retry goes: `earliest`, or the same moment of the next second that has room. Jitter alone
   * sends what failed in one second again in the next.
   * @param remote whose retries are counted together: `tenant|connector`
   * @param earliest milliseconds since 1970
   */
  at(remote: string, earliest: number): number
}

interface Calendar {
  total: number
  readonly seconds: Map<number, number>
  forgotten: number
}

/** Each engine spreads what it saw fail itself: shares of parts are shares of the whole. */
export function createSpread(now: () => number): Spread {
  const calendars = new Map<string, Calendar>()

  function forget(second: number): void {
    for (const [remote, calendar] of calendars) {
      if (calendar.forgotten === second) continue
      calendar.forgotten = second
      for (const [past, count] of calendar.seconds) {
        if (past >= second) continue
        calendar.seconds.delete(past)
        calendar.total -= count
      }
      if (calendar.total === 0) calendars.delete(remote)
    }
  }

  return {
    at(remote, earliest) {
      forget(Math.floor(now() / SECOND_MS))
      const calendar = calendars.get(remote) ?? { total: 0, seconds: new Map(), forgotten: 0 }
      calendars.set(remote, calendar)
      calendar.total += 1
      const most = Math.max(FLOOR, Math.floor(calendar.total * SHARE))
      const wanted = Math.floor(earliest / SECOND_MS)
      let second = wanted
      while ((calendar.seconds.get(second) ?? 0) >= most) second += 1
      calendar.seconds.set(second, (calendar.seconds.get(second) ?? 0) + 1)
      return earliest + (second - wanted) * SECOND_MS
    },
  }
}
