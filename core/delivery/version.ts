/** Order of versions of one side. Pure. */
import type { Version } from '../plugin.ts'

/** Negative: `a` is older. A missing element is the smallest. */
export function compareVersions(a: Version, b: Version): number {
  const length = Math.max(a.length, b.length)
  for (let place = 0; place < length; place++) {
    const difference = (a[place] ?? -Infinity) - (b[place] ?? -Infinity)
    if (Number.isNaN(difference)) continue
    if (difference !== 0) return difference
  }
  return 0
}

/** Equal is not older, and `[]` says nothing about order. */
export const isOlder = (version: Version, than: Version | undefined): boolean =>
  than !== undefined && version.length > 0 && than.length > 0 && compareVersions(version, than) < 0

export const isNewer = (version: Version, than: Version | undefined): boolean =>
  version.length > 0 && (than === undefined || than.length === 0 || compareVersions(version, than) > 0)
