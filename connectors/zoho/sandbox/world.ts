import type { Payload } from '../../../core/plugin.ts'
import { invalidModule, Refused } from './answers.ts'
import type { FaultSwitch } from './faults.ts'
import type { Layout, LayoutModule } from './layout.ts'
import type { Store, Stored } from './store.ts'
import { checkRecord, type Surroundings } from './validate.ts'

export type Operation = 'insert' | 'update' | 'delete'

/** A change of a record, by a person or through the API. */
export interface Change {
  readonly operation: Operation
  readonly module: LayoutModule
  readonly id: string
  /** The whole record after the change, or before it was deleted. */
  readonly record: Payload
  readonly at: number
  /** Workflows run: always for a person, for the API where `trigger` does not say otherwise. */
  readonly workflow: boolean
}

/** What the parts of the sandbox share. */
export interface World {
  readonly layout: Layout
  readonly store: Store
  readonly faults: FaultSwitch
  readonly around: Surroundings
  readonly now: () => number
  /** Raises Refused INVALID_MODULE. */
  module(name: string): LayoutModule
  /** Checks and stores one record; `id` absent makes a new one. Raises nothing: the refusal is answered. */
  save(
    module: LayoutModule,
    sent: Payload,
    options: {
      readonly index?: number
      readonly id?: string
      readonly newId?: string
      readonly workflow: boolean
    },
  ): { readonly stored: Stored } | { readonly error: Payload }
  /** False where there is no such record. */
  remove(module: LayoutModule, id: string, workflow: boolean): boolean
  changed: (change: Change) => void
}

export const createWorld = (parts: {
  readonly store: Store
  readonly faults: FaultSwitch
  readonly now: () => number
  readonly unknownPicklist: 'refuse' | 'store'
}): World => {
  const { store, faults, now } = parts
  const { layout } = store
  const around: Surroundings = {
    layout,
    unknownPicklist: parts.unknownPicklist,
    exists: (module, id) => store.get(module, id) !== undefined,
    holder: store.holder,
    duplicate: (module, field, id, path) => ({
      api_name: field,
      duplicate_record: {
        Owner: { name: 'Wasl College', id: '5725767000000411001', zuid: '75092197' },
        module: { api_name: module.name, id: module.id },
        id,
      },
      json_path: path,
      id,
      more_records: false,
    }),
  }
  const world: World = {
    layout,
    store,
    faults,
    around,
    now,
    changed: () => {},
    module(name) {
      const module = layout.get(name)
      if (module === undefined) throw new Refused(invalidModule())
      return module
    },
    save(module, sent, { index = 0, id, newId, workflow }) {
      const { values, error } = checkRecord(module, sent, index, id, around)
      if (error !== undefined) return { error }
      const stored = id === undefined ? store.insert(module, values, newId) : store.update(module, id, values)
      world.changed({
        operation: id === undefined ? 'insert' : 'update',
        module,
        id: stored.id,
        record: store.show(module, stored),
        at: now(),
        workflow,
      })
      return { stored }
    },
    remove(module, id, workflow) {
      const stored = store.get(module.name, id)
      if (stored === undefined) return false
      const record = store.show(module, stored)
      store.remove(module, id)
      world.changed({ operation: 'delete', module, id, record, at: now(), workflow })
      return true
    },
  }
  return world
}
