import { createContext } from '../context.ts'
import type { Command } from './command.ts'
import { checkedConfig, serveMeasured, untilClosed } from './serving.ts'

export const serveCommand: Command = {
  usage: 'serve',
  summary: 'Serve the API over three files that exist and are migrated.',
  examples: ['serve', 'serve --json', 'serve # with PORT=8080 GOGGA_DATA_DIR=/srv/gogga in the environment'],
  files: 'itself',
  async run(args) {
    const config = await checkedConfig({ json: args.flag('json') })
    if (!config) return 1
    const server = await serveMeasured(await createContext(config))
    const { address } = server
    process.stdout.write(
      args.flag('json')
        ? `${JSON.stringify({ address })}\n`
        : `gogga-data listens on ${address}, docs on ${address}/docs\n`,
    )
    await untilClosed(server)
    return 0
  },
}
