import { htmlOf } from '../compliance/data-map/html.ts'
import { dataMap } from '../compliance/data-map/map.ts'
import { svgOf } from '../compliance/data-map/svg.ts'
import { UsageError } from '../errors.ts'
import type { Command } from './command.ts'

export const dataMapCommand: Command = {
  usage: 'data-map --json|--html|--svg',
  summary: 'Print what each file, table and column holds, why and how long (POPIA section 17).',
  options: {
    html: { type: 'boolean', help: 'a page with the picture and every column in words' },
    svg: { type: 'boolean', help: 'the picture alone, for an A3 page' },
  },
  examples: ['data-map --html > data-map.html', 'data-map --svg > data-map.svg', 'data-map --json'],
  files: 'none',
  async run(args) {
    const wanted = ['json', 'html', 'svg'].filter((name) => args.flag(name))
    if (wanted.length !== 1)
      throw new UsageError(`Expected one of --json, --html and --svg, got ${wanted.length}.`, {
        hint: 'Usage: gogga data-map --html > data-map.html',
      })
    const map = dataMap()
    const [form] = wanted
    process.stdout.write(form === 'json' ? `${JSON.stringify(map)}\n` : form === 'html' ? htmlOf(map) : svgOf(map))
    return 0
  },
}
