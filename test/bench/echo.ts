/** The floor: hapi answers 202 and does nothing. `tsx echo.ts <port>` */
import { createServer } from 'node:http'
import Hapi from '@hapi/hapi'

const port = Number(process.argv[2])
const listener = createServer()
const server = Hapi.server({ listener, autoListen: false, debug: false })
server.route({
  method: 'POST',
  path: '/{any*}',
  options: { payload: { parse: false, output: 'data', maxBytes: 1 << 20 } },
  handler: (_request, h) => h.response({ status: 'accepted' }).code(202),
})
await server.start()
listener.listen({ host: '127.0.0.1', port, backlog: 4096 }, () => process.stdout.write('ready\n'))
