import moodle from '../../connectors/moodle/index.ts'
import zoho from '../../connectors/zoho/index.ts'
import { createRegistry } from '../../core/registry.ts'

/** Our own connectors with the built-in steps and transforms. */
export const registry = createRegistry({ connectors: [zoho, moodle] })
