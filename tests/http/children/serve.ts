// Serves the folder that the first argument names, on any free port, and prints the address. Connections are never
// cut: a server that waits for one to go idle by itself does not end.
import { readConfig } from '../../../src/config.ts'
import { createContext } from '../../../src/context.ts'
import { serve } from '../../../src/main.ts'

const config = readConfig({ GOGGA_DATA_DIR: process.argv[2], PORT: '0', GOGGA_LOG_LEVEL: 'error' })
const server = await serve(await createContext(config), { drainMs: 2 ** 31 - 1 })
process.stdout.write(`${server.address}\n`)
await server.closed
process.stdout.write('closed\n')
