import { bigintOf, intRaw, longRaw } from '../bson/number.ts'
import { Raw, Type } from '../bson/raw.ts'
import { encodeValue } from '../bson/writer.ts'
import { CommandError } from '../errors.ts'
import { typeName } from '../match/parse.ts'
import type { Change } from './parse.ts'

const last = { ordinal: 0 }

/** `$currentDate`: `true` or `{ $type: 'date' | 'timestamp' }`. */
export function currentDate(operand: Raw): Raw {
  const now = new Date()
  if (operand.type === Type.bool) return encodeValue(now)
  const type = operand.type === Type.object ? operand.get('$type') : undefined
  const name = type?.type === Type.string ? type.text() : undefined
  if (name === 'date') return encodeValue(now)
  if (name !== 'timestamp') {
    throw new CommandError(
      'BadValue',
      "The '$type' string field is required to be 'date' or 'timestamp': {$currentDate: {field : {$type: 'date'}}}",
    )
  }
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeUInt32LE(last.ordinal++ >>> 0, 0)
  bytes.writeUInt32LE(Math.floor(now.getTime() / 1000), 4)
  return new Raw(Type.timestamp, bytes, 0, 8)
}

/** `$bit`: and, or, xor on integers. */
export function bit(change: Change, old: Raw | undefined): Raw {
  const { operand, path } = change
  if (operand.type !== Type.object || operand.isEmpty)
    throw new CommandError(
      'BadValue',
      `The $bit modifier is not compatible with a ${typeName(operand)}. You must pass in an embedded document: {$bit: {field: {and/or/xor: #}}`,
    )
  let value = old ?? intRaw(0)
  for (const { name, value: mask } of operand.fields()) {
    if (!isInteger(mask))
      throw new CommandError(
        'BadValue',
        `The $bit modifier field must be an Integer(32/64 bit); a '${typeName(mask)}' is not supported here: {${name}: ...}`,
      )
    if (!isInteger(value))
      throw new CommandError(
        'BadValue',
        `Cannot apply $bit to a value of non-integral type. The field '${path.names.at(-1)}' has type ${typeName(value)}`,
      )
    const [a, b] = [bigintOf(value), bigintOf(mask)]
    if (name !== 'and' && name !== 'or' && name !== 'xor')
      throw new CommandError(
        'BadValue',
        `The $bit modifier only supports 'and', 'or', and 'xor', not '${name}' which is an unknown operator`,
      )
    const result = name === 'and' ? a & b : name === 'or' ? a | b : a ^ b
    value =
      value.type === Type.int && mask.type === Type.int
        ? intRaw(Number(BigInt.asIntN(32, result)))
        : longRaw(result)
  }
  return value
}

function isInteger(value: Raw): boolean {
  return value.type === Type.int || value.type === Type.long
}
