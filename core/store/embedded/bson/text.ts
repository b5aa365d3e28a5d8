/** Values as the shell writes them, for error messages. */
import { bigintOf, decimalText, numberOf } from './number.ts'
import { type Raw, Type } from './raw.ts'

export function shellText(value: Raw): string {
  const { bytes, start, end } = value
  switch (value.type) {
    case Type.double: {
      const number = numberOf(value)
      return Number.isInteger(number) ? number.toFixed(1) : String(number)
    }
    case Type.int:
      return String(numberOf(value))
    case Type.long:
      return String(bigintOf(value))
    case Type.decimal:
      return decimalText(value)
    case Type.string:
    case Type.symbol:
    case Type.code:
      return JSON.stringify(value.text())
    case Type.object:
      return `{ ${value
        .fields()
        .map(field => `${field.name}: ${shellText(field.value)}`)
        .join(', ')} }`
    case Type.array:
      return `[ ${value.elements().map(shellText).join(', ')} ]`
    case Type.objectId:
      return `ObjectId('${bytes.toString('hex', start, end)}')`
    case Type.bool:
      return bytes[start] === 1 ? 'true' : 'false'
    case Type.null:
      return 'null'
    case Type.undefined:
      return 'undefined'
    case Type.date: {
      const date = new Date(numberOf(value))
      return Number.isNaN(date.getTime()) ? `new Date(${numberOf(value)})` : `new Date(${date.getTime()})`
    }
    case Type.binary:
      return `BinData(${bytes[start + 4]}, ${bytes.toString('hex', start + 5, end).toUpperCase()})`
    case Type.regex: {
      const { pattern, flags } = value.regex()
      return `/${pattern}/${flags}`
    }
    case Type.timestamp:
      return `Timestamp(${bytes.readUInt32LE(start + 4)}, ${bytes.readUInt32LE(start)})`
    case Type.minKey:
      return 'MinKey'
    case Type.maxKey:
      return 'MaxKey'
    default:
      return '?'
  }
}
