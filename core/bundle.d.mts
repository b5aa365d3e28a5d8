/** The folder of the bundle that fits the sources as they are now; builds it where it is missing. */
export function bundled(root: string): Promise<string>
/** `crashPoints`: for tests; statements labelled CRASH stay. */
export function build(root: string, outdir: string, options?: { crashPoints?: boolean }): Promise<void>
