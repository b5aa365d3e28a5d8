import type { Server } from '@hapi/hapi'
import type { Surroundings } from './ports.ts'

/** `/health/live`: the process turns. `/health/ready`: deliveries can be accepted. */
export function addHealthRoutes(server: Server, { health, intake }: Surroundings): void {
  server.route([
    { method: 'GET', path: '/health/live', handler: () => ({ status: 'live' }) },
    {
      method: 'GET',
      path: '/health/ready',
      handler: async (_request, h) => {
        const { ready, facts } = await health()
        const accepting = ready && intake.open
        const status = accepting ? 'ready' : intake.open ? 'not_ready' : 'stopping'
        return h.response({ ...facts, status }).code(accepting ? 200 : 503)
      },
    },
  ])
}
