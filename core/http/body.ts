import type { IncomingMessage } from 'node:http'
import { problem, tooLarge, unavailable } from './problems.ts'

export interface BodyLimits {
  readonly bytes: number
  readonly ms: number
}

export interface BodyReader {
  /** The exact bytes. The memory that they take is counted until `release`. */
  read(request: IncomingMessage, limits: BodyLimits): Promise<Buffer>
  release(body: Buffer): void
}

/**
 * Reads bodies with a limit of bytes and time each and of bytes together. hapi's own reading answers only after
 * it has drained what it refused, so a slow or endless sender would hold the connection. Raises 413, 408, 415
 * (a compressed body: its signature would be over other bytes) and 503 when too much is in memory.
 */
export function createBodyReader(maxTogether: number): BodyReader {
  let together = 0

  return {
    release(body) {
      together -= body.length
    },

    read(request, limits) {
      const encoding = request.headers['content-encoding']
      if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
        throw problem(415, 'UNSUPPORTED_ENCODING', 'A compressed body is not accepted.')
      if (Number(request.headers['content-length'] ?? 0) > limits.bytes) throw tooLarge(limits.bytes)

      return new Promise((resolve, reject) => {
        const chunks: Buffer[] = []
        let length = 0
        const stop = () => {
          clearTimeout(timer)
          request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose)
        }
        const fail = (error: Error) => {
          stop()
          together -= length
          // What still comes is not read; the answer closes the connection.
          request.pause()
          reject(error)
        }
        const onData = (chunk: Buffer) => {
          length += chunk.length
          together += chunk.length
          if (length > limits.bytes) fail(tooLarge(limits.bytes))
          else if (together > maxTogether)
            fail(unavailable('BUSY', 'Too many requests are being read. Please try again.'))
          else chunks.push(chunk)
        }
        const onEnd = () => {
          stop()
          resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length))
        }
        const onClose = () => fail(problem(400, 'BODY_INCOMPLETE', 'The request ended within its body.'))
        const timer = setTimeout(
          () => fail(problem(408, 'REQUEST_TIMEOUT', `The body did not come within ${limits.ms / 1000} s.`)),
          limits.ms,
        )
        request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose)
      })
    },
  }
}
