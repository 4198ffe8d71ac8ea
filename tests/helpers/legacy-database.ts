// The unified database with every trap that years of use put into it. Deterministic: the same number of users gives the
// same rows. By hand: node tests/helpers/legacy-database.ts FILE [users]
import { existsSync, rmSync } from 'node:fs'
import Database from 'better-sqlite3'
import { seededRandom } from '../../src/ops/makers.ts'
import { LEGACY_TABLES } from './legacy-tables.ts'

export interface Planted {
  readonly emails: readonly string[]
  readonly phones: readonly string[]
  readonly idNumbers: readonly string[]
  readonly ips: readonly string[]
  readonly cards: readonly string[]
}

export interface LegacyOptions {
  readonly users?: number
  /** Tables and columns that nobody told us of. */
  readonly unknown?: boolean
}

const ADMINS = ['Boss@GOGGA.co.za', 'thandi.m@gogga.co.za', 'Ops+Night@gogga.co.za'] as const
const NOBODY = ['gone@former-partner.co.za', 'Gone@Former-Partner.co.za', 'Sipho Dlamini', '+27 83 555 0199'] as const
const START = Date.UTC(2023, 0, 15, 8, 30, 0)

/** Writes a new database to `path` and says what personal information lies in its billing and admin tables. */
export function buildLegacyDatabase(path: string, options: LegacyOptions = {}): Planted {
  if (existsSync(path)) rmSync(path)
  const { users = 50, unknown = true } = options
  const database = new Database(path)
  try {
    database.pragma('synchronous = OFF')
    for (const sql of LEGACY_TABLES) database.exec(sql)
    const builder = new Builder(database, users)
    database.transaction(() => {
      builder.fill()
      if (unknown) addUnknown(database, users)
    })()
    database.pragma('user_version = 7')
    return builder.planted()
  } finally {
    database.close()
  }
}

/** Three spellings of a time in one column. */
export function spelled(ms: number, spelling: number): string | number {
  if (spelling % 3 === 0) return ms
  const iso = new Date(ms).toISOString()
  if (spelling % 3 === 1) return iso.slice(0, 19).replace('T', ' ')
  return spelling % 2 === 0 ? iso : iso.replace('Z', '+00:00')
}

class Builder {
  readonly #random = seededRandom(7)
  readonly #users: number
  readonly #inserts = new Map<string, (values: readonly unknown[]) => void>()
  readonly #planted = {
    emails: new Set<string>([...ADMINS, NOBODY[0], NOBODY[1]]),
    phones: new Set<string>([NOBODY[3]]),
    idNumbers: new Set<string>(),
    ips: new Set<string>(),
    cards: new Set<string>(['4111111111111111']),
  }
  readonly #database: Database.Database

  constructor(database: Database.Database, users: number) {
    this.#database = database
    this.#users = users
  }

  planted(): Planted {
    const { emails, phones, idNumbers, ips, cards } = this.#planted
    return { emails: [...emails], phones: [...phones], idNumbers: [...idNumbers], ips: [...ips], cards: [...cards] }
  }

  fill(): void {
    for (const [index, email] of ADMINS.entries()) this.#insert('User', [`admin${index}`, email, 1, 1, START, START])
    for (let index = 0; index < this.#users; index++) this.#user(index)
    for (let index = 0; index < this.#users; index++) this.#history(index)
    this.#traps()
  }

  #user(index: number): void {
    const time = this.#time(index)
    this.#insert('User', [userId(index), this.#email(index), 0, 0, spelled(time, index), spelled(time + 1, index + 1)])
  }

  #history(index: number): void {
    const [id, user, time] = [id25(index), userId(index), this.#time(index)]
    const at = (offset: number, spelling = index + offset) => spelled(time + offset * 60_000, spelling)
    const tier = ['FREE', 'JIVE', 'JIGGA'][index % 3] as string
    const paid = tier !== 'FREE'
    this.#insert('Subscription', [
      `sub${id}`,
      user,
      tier,
      paid ? 'active' : 'pending',
      paid ? `pf-${id}` : null,
      Math.floor(this.#random() * 500_000),
      12,
      paid ? 500_000 : 0,
      3,
      50,
      at(1),
      paid ? at(2) : null,
      null,
      null,
      0,
      at(1),
      at(3),
    ])
    for (let nth = 0; nth < 3; nth++) {
      this.#insert('ProcessedPayment', [
        `pay${nth}${id}`,
        `${1_000_000 + index * 3 + nth}`,
        'subscription',
        9900,
        user,
        at(4 + nth),
      ])
    }
    if (index % 5 === 0) {
      this.#insert('CreditPurchase', [`cp${id}`, user, '200', 50_000, `${9_000_000 + index}`, 'complete', null, at(7)])
      this.#insert('RecurringSchedule', [
        `rec${id}`,
        user,
        tier,
        9900,
        `tok-${id}`,
        'monthly',
        at(8),
        null,
        1,
        12,
        'active',
        0,
        at(8),
        at(9),
      ])
    }
    this.#events(index, id, user, at)
    this.#voucher(index, id, user, at)
    this.#insert('AuthLog', [`al${id}`, this.#email(index), 'login', this.#ip(index), null, at(10)])
    if (index % 10 === 0) this.#insert('LoginToken', [`lt${id}`, `token-${id}`, this.#email(index), at(11), 1, at(11)])
  }

  #events(index: number, id: string, user: string, at: (offset: number) => string | number): void {
    const actor = ['system', 'payfast', 'payfast', 'system', this.#plantedEmail(index), user][index % 6] as string
    this.#insert('SubscriptionEvent', [
      `ev${id}`,
      `sub${id}`,
      user,
      'activated',
      null,
      'JIVE',
      'pending',
      'active',
      actor,
      this.#meta(index),
      at(12),
    ])
  }

  #voucher(index: number, id: string, user: string, at: (offset: number) => string | number): void {
    if (index % 4 !== 0) return
    const admin = ADMINS[index % 3] as string
    const spelling = index % 8 === 0 ? admin : admin.toLowerCase()
    this.#planted.emails.add(spelling)
    const redeemed = index % 3 === 0
    const email = this.#plantedEmail(index)
    this.#insert('Voucher', [
      `v${id}`,
      `GOGGA-${id.slice(-8).toUpperCase()}`,
      'JIVE_1MONTH',
      9900,
      spelling,
      at(13),
      at(14),
      0,
      null,
      null,
      null,
      redeemed ? 1 : 0,
      redeemed ? at(15) : null,
      redeemed ? (index % 2 ? email.toUpperCase() : email) : null,
      redeemed ? user : null,
      'batch-1',
    ])
    this.#planted.emails.add(email.toUpperCase())
    this.#insert('VoucherLog', [`vl${id}`, `v${id}`, 'created', spelling, this.#meta(index + 1), at(16)])
    this.#insert('AdminLog', [
      `adm${id}`,
      spelling,
      'voucher_create',
      index % 8 ? null : email,
      `v${id}`,
      this.#meta(index + 2),
      this.#plantedIp(index),
      at(17),
    ])
  }

  /** Free text of years: JSON, JSON in JSON, half a JSON, plain text; one in five holds something about a person. */
  #meta(index: number): string | null {
    if (index % 10 < 4) return null
    if (index % 10 < 8) return JSON.stringify({ orderId: index, source: 'web', amount: 99 })
    const [email, phone, idNumber, ip] = [
      this.#plantedEmail(index),
      this.#phone(index),
      this.#idNumber(index),
      this.#plantedIp(index),
    ]
    const texts = [
      JSON.stringify({ email, phone, note: 'called "back"' }),
      JSON.stringify({ email }).replaceAll('@', '\\u0040'),
      JSON.stringify({ payload: JSON.stringify({ buyer: { email_address: email, id: idNumber } }) }),
      JSON.stringify({ ip, idNumber: Number(idNumber), list: [phone] }),
      `{"email":"${email}","note":"cut off he`,
      `Customer ${email} phoned from ${phone}, ID ${idNumber}.`,
      `card 4111 1111 1111 1111 declined for ${email}; ip=${ip}`,
    ]
    this.#planted.cards.add('4111 1111 1111 1111')
    return texts[Math.floor(index / 10) % texts.length] as string
  }

  /** What happens once in a while, in every database. */
  #traps(): void {
    const now = '2024-05-06 07:08:09'
    const [nobody, other, name, phone] = NOBODY
    this.#insert('Voucher', [
      'vt1',
      'T-1',
      'R200',
      20_000,
      nobody,
      now,
      '2024-05-06T07:08:09.123456Z',
      1,
      now,
      other,
      `wrong person: ${nobody}, 082 555 0188, 2001:db8::7`,
      0,
      null,
      '',
      'unknown',
      null,
    ])
    this.#planted.phones.add('082 555 0188')
    this.#planted.ips.add('2001:db8::7')
    this.#insert('Voucher', [
      'vt2',
      'T-2',
      'R500',
      50_000,
      'system',
      'yesterday',
      '',
      0,
      null,
      null,
      '',
      0,
      '2024-02-30 00:00:00',
      name,
      '',
      '',
    ])
    this.#insert('VoucherLog', [
      'vlt1',
      'voucher-that-is-gone',
      'redeemed',
      phone,
      '{"a":1}\u0000{"b":2}',
      1_714_979_289_123,
    ])
    this.#insert('VoucherLog', [
      'vlt2',
      'unknown',
      'voided',
      'admin0',
      'looks like pii:0123456789abcdefghijklmn to us',
      '2024-05-06',
    ])
    this.#insert('AdminLog', [
      'admt1',
      'BOSS@gogga.co.za',
      'login',
      'unknown',
      'gone@former-partner.co.za',
      'ü 漢字 😀 "\\u0041"',
      '::ffff:196.25.1.9',
      '2024-05-06T09:08:09+02:00',
    ])
    for (const email of ['BOSS@gogga.co.za', nobody]) this.#planted.emails.add(email)
    this.#planted.ips.add('::ffff:196.25.1.9')
    this.#insert('AdminLog', ['admt2', '', 'login', '', '', '', '', 9_007_199_254_740_993n])
    this.#insert('SubscriptionEvent', [
      'evt1',
      'sub-gone',
      'unknown',
      'cancelled',
      '',
      null,
      '',
      null,
      null,
      '{"big":9007199254740993}',
      now,
    ])
    this.#insert('CreditPurchase', [
      'cpt1',
      'user-gone',
      '500',
      9_223_372_036_854_775_807n,
      null,
      'failed',
      'never',
      now,
    ])
    this.#insert('LoginToken', ['ltt1', 'tok1', 'nobody-at-all@example.com', now, 0, now])
    this.#insert('AuthLog', ['alt1', null, 'failed', null, '{"tried":"x@y.example"}', now])
  }

  #insert(table: string, values: readonly unknown[]): void {
    let insert = this.#inserts.get(table)
    if (!insert) {
      const statement = this.#database.prepare(`insert into "${table}" values (${values.map(() => '?').join(', ')})`)
      insert = (row) => void statement.run(row.map((value) => (typeof value === 'number' ? BigInt(value) : value)))
      this.#inserts.set(table, insert)
    }
    insert(values)
  }

  #time = (index: number) => START + index * 977_531 + (index % 7)
  #email = (index: number) => `${index % 9 === 0 ? 'Person' : 'person'}.${index}@mail${index % 50}.example.co.za`
  #ip = (index: number) => `196.${25 + (index % 20)}.${index % 250}.${1 + (index % 200)}`

  #plantedEmail(index: number): string {
    const email = this.#email(index % this.#users)
    this.#planted.emails.add(email)
    return email
  }

  #plantedIp(index: number): string {
    const ip = this.#ip(index)
    this.#planted.ips.add(ip)
    return ip
  }

  #phone(index: number): string {
    const digits = `8${index % 5}${String(1_000_000 + ((index * 7919) % 8_999_999))}`.slice(0, 9)
    const phone = index % 2 ? `0${digits}` : `+27${digits}`
    this.#planted.phones.add(phone)
    return phone
  }

  #idNumber(index: number): string {
    const body = `${String(50 + (index % 50))}${String(1 + (index % 12)).padStart(2, '0')}${String(1 + (index % 28)).padStart(2, '0')}${String(1000 + (index % 9000))}08`
    const idNumber = body + checkDigit(body)
    this.#planted.idNumbers.add(idNumber)
    return idNumber
  }
}

/** Luhn's, for a number that lacks its last digit. */
function checkDigit(body: string): string {
  let sum = 0
  for (let at = body.length - 1, isDoubled = true; at >= 0; at--, isDoubled = !isDoubled) {
    const digit = Number(body[at])
    sum += isDoubled ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit
  }
  return String((10 - (sum % 10)) % 10)
}

const id25 = (index: number) => `clx0u3k9v7q1w${index.toString(36).padStart(7, '0')}`
const userId = (index: number) => `cuser${id25(index)}`

function addUnknown(database: Database.Database, users: number): void {
  database.exec(`
    create table "UsageEvent" (kind text, amount, note blob, at real default 1.5);
    create table "ModelPricing" (model text, since text, cents integer, primary key (model, since)) without rowid;
    create table "ExchangeRate" (id integer primary key autoincrement, pair text, rate real);
    create view "ActiveUsers" as select id from "User" where "isAdmin" = 0;
    create trigger "touch" after update on "Voucher" begin update "Voucher" set "batchId" = 'x' where id = new.id; end;
    alter table "User" add column "isTester" integer not null default 0;
    alter table "User" add column "creditBalance" real;`)
  const usage = database.prepare('insert into "UsageEvent" (rowid, kind, amount, note, at) values (?, ?, ?, ?, ?)')
  usage.run(5n, 'text', '12', Buffer.from([0, 255, 128]), 3)
  usage.run(9n, null, 12n, 'jo@secret.example', null)
  usage.run(-3n, '', 1.0, null, Number.POSITIVE_INFINITY)
  const pricing = database.prepare('insert into "ModelPricing" values (?, ?, ?)')
  pricing.run('gogga-1', '2024', 12n)
  pricing.run('gogga-\u0000x', '2025', 'n/a')
  for (let index = 0; index < 3; index++)
    database.prepare('insert into "ExchangeRate" (pair, rate) values (?, ?)').run('ZAR', 18.5)
  database.exec('delete from "ExchangeRate" where id = 3')
  if (users > 3) database.exec(`update "User" set "isTester" = 1, "creditBalance" = 12.0 where id = '${userId(1)}'`)
}

if (import.meta.main) {
  const [path, users] = process.argv.slice(2)
  if (!path) throw new Error('Usage: node tests/helpers/legacy-database.ts FILE [users]')
  buildLegacyDatabase(path, { users: Number(users ?? 1000) })
}
