const WIDTH = 110

/** JSON as people write it: what fits into a line stands in one. */
export const laidOut = (value: unknown): string => `${lines(value, '', 0)}\n`

/** `before`: how much of the line is taken already. */
function lines(value: unknown, indent: string, before: number): string {
  const line = oneLine(value)
  if (indent.length + before + line.length <= WIDTH && indent !== '') return line
  if (value === null || typeof value !== 'object') return line
  const inner = `${indent}  `
  const list = Array.isArray(value)
  const parts = Object.entries(value).map(([name, part]) => {
    const key = list ? '' : `${JSON.stringify(name)}: `
    return `${inner}${key}${lines(part, inner, key.length + 1)}`
  })
  const [open, close] = list ? ['[', ']'] : ['{', '}']
  return `${open}\n${parts.join(',\n')}\n${indent}${close}`
}

function oneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const parts = Object.entries(value).map(([name, part]) => `${JSON.stringify(name)}: ${oneLine(part)}`)
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`
}
