import { PURPOSES, type Purpose } from '../identity/purposes.ts'
import type { Command } from './command.ts'

export const purposesCommand: Command = {
  usage: 'purposes [--json]',
  summary: 'List the register of purposes that personal information may be read for (POPIA sections 13 and 17).',
  examples: ['purposes', 'purposes --json'],
  files: 'none',
  async run(args) {
    if (args.flag('json')) process.stdout.write(`${JSON.stringify(PURPOSES)}\n`)
    else process.stdout.write(PURPOSES.map(entryOf).join('\n'))
    return 0
  },
}

const entryOf = ({ id, description, ground, categories, who, retention }: Purpose): string =>
  [
    id,
    `  ${description}`,
    `  ground      POPIA ${ground}`,
    `  categories  ${categories.join(', ')}`,
    `  who         ${who}`,
    `  retention   ${retention}`,
    '',
  ].join('\n')
