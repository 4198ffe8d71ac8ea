import { readConfig } from '../config.ts'
import { createContext } from '../context.ts'
import { serve } from '../main.ts'
import type { Command } from './command.ts'

export const serveCommand: Command = {
  usage: 'serve',
  summary: 'Serve the API over three files that exist and are migrated.',
  examples: ['serve', 'serve --json', 'serve # with PORT=8080 GOGGA_DATA_DIR=/srv/gogga in the environment'],
  async run(args) {
    const server = await serve(await createContext(readConfig()))
    const { address } = server
    process.stdout.write(
      args.flag('json')
        ? `${JSON.stringify({ address })}\n`
        : `gogga-data listens on ${address}, docs on ${address}/docs\n`,
    )
    await server.closed
    return 0
  },
}
