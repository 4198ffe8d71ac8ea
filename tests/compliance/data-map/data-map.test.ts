import { describe, expect, it } from 'vitest'
import { htmlOf } from '../../../src/compliance/data-map/html.ts'
import { BOX, layOut } from '../../../src/compliance/data-map/layout.ts'
import { dataMap } from '../../../src/compliance/data-map/map.ts'
import { CLASSES } from '../../../src/compliance/data-map/meanings.ts'
import { svgOf } from '../../../src/compliance/data-map/svg.ts'
import { allModels, type CatalogModel } from '../../../src/database/catalog.ts'
import { gogga } from '../../commands/gogga-child.ts'
import { withFolder } from '../../helpers/databases.ts'

const svg = svgOf(dataMap())

/** Elements that were opened and not closed, or closed and not opened; and signs that XML does not take. */
function faultsIn(xml: string): readonly string[] {
  const open: string[] = []
  const faults: string[] = []
  for (const [, close = '', name = '', rest = ''] of xml.matchAll(
    /<(\/?)([a-z]+)((?:\s+[\w:-]+="[^"<]*")*\s*\/?)>/gi,
  )) {
    if (close && open.pop() !== name) faults.push(`</${name}>`)
    else if (!close && !rest.endsWith('/')) open.push(name)
  }
  const words = xml.replaceAll(/<\/?[a-z]+(?:\s+[\w:-]+="[^"<]*")*\s*\/?>/gi, '')
  return [...faults, ...open, ...(words.match(/[<>]|&(?!(?:amp|lt|gt|quot|#39);)/g) ?? [])]
}

const hostile: CatalogModel = {
  domain: 'billing',
  name: '</text><script>1</script>',
  about: `"&<img src=x onerror='2'>`,
  key: ['id'],
  indexes: [],
  links: [],
  columns: [{ name: '<b>"&', type: 'text', nullable: false, unique: true, class: 'plain', about: '<i>' }],
}

describe('the data map', () => {
  it('has every table and column, with purpose, retention and class', () => {
    const map = dataMap()
    const columns = map.files.flatMap(({ tables }) => tables.flatMap((table) => table.columns))
    expect(columns).toHaveLength(allModels.flatMap((model) => model.columns).length)
    expect(columns.filter(({ about }) => about === '')).toEqual([])
    const tables = map.files.flatMap((file) => file.tables)
    expect(tables.filter(({ why, retention, purposes }) => !why || !retention || purposes.length === 0)).toEqual([])
    const payment = tables
      .find(({ table }) => table === 'ProcessedPayment')
      ?.columns.find(({ name }) => name === 'userId')
    expect(payment?.link).toEqual({
      to: { domain: 'identity', table: 'User', column: 'id' },
      ...{ onErase: 'keep', isSubject: false },
    })
  })

  it('says whose an address is that no person of the row has', () => {
    const [identity] = dataMap().files
    const origin = identity?.tables.find(({ table }) => table === 'AdminLogOrigin')
    expect(origin?.columns.find(({ name }) => name === 'ip')).toMatchObject({
      kind: 'ip',
      of: 'admin.AdminLog.adminId',
    })
  })
})

describe('the picture', () => {
  it('is well-formed, with whatever names there are', () => {
    expect(faultsIn('<a><b></a>')).not.toEqual([])
    expect(faultsIn(svg)).toEqual([])
    const drawn = svgOf(dataMap([...allModels, hostile]))
    expect(faultsIn(drawn)).toEqual([])
    expect(drawn).not.toMatch(/<script|<img/)
    expect(htmlOf(dataMap([...allModels, hostile]))).not.toMatch(/<script|<img/)
  })

  it('shows each table once, with its files, and each column', () => {
    const { boxes } = layOut(dataMap())
    for (const { file, tables } of dataMap().files)
      for (const { table, columns } of tables) {
        const box = boxes.filter((one) => one.table.table === table && one.files.includes(file))
        expect(box).toHaveLength(1)
        const grouped = box.flatMap(({ groups }) => groups.flatMap(({ lines }) => lines.join(' ').split(/,? /)))
        const rows = box.flatMap((one) => one.rows.map(({ name }) => name))
        expect([...rows, ...grouped].sort()).toEqual(columns.map(({ name }) => name).sort())
        expect(svg).toContain(`>${table}<`)
        for (const name of rows) expect(svg).toContain(`>${name}<tspan`)
      }
    expect(boxes.find(({ table }) => table.table === 'Tombstone')?.files).toHaveLength(3)
    expect(svg).toContain('in identity.db, billing.db, admin.db')
  })

  it('can be read on A3: no letter is smaller than 6 points', () => {
    const [, wide = 0] = /viewBox="0 0 ([\d.]+) /.exec(svg) ?? []
    const [, width = 0, height = 0] = /width="([\d.]+)mm" height="([\d.]+)mm"/.exec(svg) ?? []
    const sizes = [...svg.matchAll(/font-size:([\d.]+)px/g)].map(([, size]) => Number(size))
    expect(Number(width)).toBeLessThanOrEqual(400)
    expect(Number(height)).toBeLessThanOrEqual(277)
    expect((Math.min(...sizes) * Number(width) * 72) / 25.4 / Number(wide)).toBeGreaterThanOrEqual(6)
  })

  it('has letters that stand out from what is behind them (4.5 : 1), and words for who cannot see it', () => {
    expect(contrastOf('#ffffff', '#767676')).toBeCloseTo(4.54, 2)
    for (const { colour } of Object.values(CLASSES)) expect(contrastOf('#ffffff', colour)).toBeGreaterThan(4.5)
    expect(svg).toContain('aria-labelledby="map-title map-about"')
    expect(svg).toMatch(/<title id="map-title">[^<]+<\/title>\s*<desc id="map-about">[^<]+<\/desc>/)
  })

  it('lays no box over another', () => {
    const { boxes, width, bottom } = layOut(dataMap())
    for (const [at, one] of boxes.entries()) {
      expect(one.x + BOX).toBeLessThan(width)
      expect(one.y + one.height).toBeLessThanOrEqual(bottom)
      for (const other of boxes.slice(at + 1))
        expect(one.x !== other.x || one.y + one.height < other.y || other.y + other.height < one.y).toBe(true)
    }
  })

  it('runs no line through a box', () => {
    const { boxes, top } = layOut(dataMap())
    const paths = [...svg.matchAll(/<path d="M([\d.]+) [\d.]+H[^"]*" fill="none"/g)]
    expect(paths).toHaveLength(boxes.flatMap(({ rows }) => rows.filter(({ link }) => link)).length)
    expect(paths.length).toBeGreaterThan(25)
    for (const [path] of paths) {
      const verticals = turnsOf(path)
      expect(verticals.length).toBeGreaterThan(0)
      for (const { x, y } of verticals) {
        const through = boxes.filter((box) => x >= box.x && x <= box.x + BOX)
        expect(y < top ? [] : through).toEqual([])
      }
    }
  })

  it('tells classes and links apart without colours', () => {
    for (const mark of ['PI', 'FT', 'SU', 'LI', 'SE', 'ID', 'PL'])
      expect(svg).toContain(`class="s b w" text-anchor="middle">${mark}</text>`)
    expect(svg).toMatch(/→ admin\.AdminLog\.id, deleted/)
    expect(new Set(svg.match(/stroke-dasharray="[^"]*"/g)).size).toBeGreaterThan(3)
  })
})

/** As WCAG computes it, of two colours such as `#ffffff`. */
function contrastOf(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminanceOf(one), luminanceOf(other)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

function luminanceOf(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** Ends of the vertical parts of a path that has M, H, V and q. */
function turnsOf(path: string): readonly { x: number; y: number }[] {
  const turns: { x: number; y: number }[] = []
  let [x, y] = [0, 0]
  for (const [, command = '', words = ''] of path.matchAll(/([MHVq])([-\d. ]+)/g)) {
    const numbers = words.trim().split(' ').map(Number)
    if (command === 'M') [x, y] = [numbers[0] ?? 0, numbers[1] ?? 0]
    else if (command === 'H') x = numbers[0] ?? 0
    else if (command === 'q') [x, y] = [x + (numbers[2] ?? 0), y + (numbers[3] ?? 0)]
    else {
      turns.push({ x, y })
      y = numbers[0] ?? 0
      turns.push({ x, y })
    }
  }
  return turns
}

it('comes from the command in one of three forms', () =>
  withFolder(async (dir) => {
    const page = await gogga(dir, 'data-map', '--html')
    expect(page).toMatchObject({ code: 0, err: '' })
    expect(page.out).toContain('<svg')
    expect(page.out).not.toMatch(/<script| src=|href=/)
    expect(await gogga(dir, 'data-map')).toMatchObject({ code: 2, out: '' })
    expect(JSON.parse((await gogga(dir, 'data-map', '--json')).out)).toEqual(JSON.parse(JSON.stringify(dataMap())))
  }))
