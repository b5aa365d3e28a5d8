/** The project's Markdown files, and the blocks of examples in them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** What is installed, built or stored, and what begins with a dot, is not ours to be read. */
const FOREIGN = /^(node_modules|dist|data)$|^\./

export interface Block {
  /** Its file, from the clone's folder on. */
  readonly file: string
  readonly line: number
  /** `sh`, `json`, or nothing. */
  readonly language: string
  readonly text: string
}

export interface Document {
  readonly file: string
  readonly text: string
  readonly blocks: readonly Block[]
}

export const documents: readonly Document[] = markdownIn('').map(file => {
  const text = readFileSync(join(root, file), 'utf8')
  return { file, text, blocks: blocksOf(file, text) }
})

function markdownIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return FOREIGN.test(entry.name) ? [] : markdownIn(path)
    return /\.md(\.template)?$/.test(entry.name) ? [path] : []
  })
}

function blocksOf(file: string, text: string): Block[] {
  const found: Block[] = []
  let open: { line: number; language: string; lines: string[] } | undefined
  for (const [place, line] of text.split('\n').entries()) {
    const fence = /^```(\w*)/.exec(line)
    if (fence === null) open?.lines.push(line)
    else if (open === undefined) open = { line: place + 1, language: fence[1] ?? '', lines: [] }
    else {
      found.push({ file, line: open.line, language: open.language, text: open.lines.join('\n') })
      open = undefined
    }
  }
  if (open !== undefined) throw new Error(`${file}:${open.line}: the block does not end`)
  return found
}
