// Texts without personal information that look as if they had some: made by their own rules, not filtered by what the
// detectors say. Where such a text is a number of somebody by chance, it counts against them.
import { withLuhn } from './people.ts'
import type { Random } from './random.ts'

const HEX = '0123456789abcdef'
const LOWER = '0123456789abcdefghijklmnopqrstuvwxyz'
const CODE = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'
const two = (value: number) => String(value).padStart(2, '0')

const uuid = (random: Random) =>
  `${random.of(HEX, 8)}-${random.of(HEX, 4)}-4${random.of(HEX, 3)}-a${random.of(HEX, 3)}-${random.of(HEX, 12)}`
const cuid = (random: Random) => `cm${random.of(LOWER, 23)}`
const time = (random: Random) =>
  `20${two(20 + random.below(10))}-${two(1 + random.below(12))}-${two(1 + random.below(28))}T${two(random.below(24))}:${two(random.below(60))}:${two(random.below(60))}.${random.digits(3)}Z`
const date = (random: Random) =>
  `20${two(20 + random.below(10))}${two(1 + random.below(12))}${two(1 + random.below(28))}`
const wrongDigit = (number: string, random: Random) =>
  number.slice(0, -1) + ((Number(number.slice(-1)) + 1 + random.below(9)) % 10)
const birth = (random: Random) => two(random.below(100)) + two(1 + random.below(12)) + two(1 + random.below(28))
const base64 = (text: string) => Buffer.from(text).toString('base64')

export type Makers = Readonly<Record<string, (random: Random) => string>>

export const negatives: Makers = {
  UUID: uuid,
  'UUID in JSON': (random) => JSON.stringify({ token: uuid(random), id: cuid(random) }),
  cuid,
  'SHA-256': (random) => random.of(HEX, 64),
  'git commit': (random) => `fixed in ${random.of(HEX, 40)} (${random.of(HEX, 7)})`,
  time,
  'time in a log': (random) => `${time(random)} INFO charge ok in ${random.below(900)} ms`,
  'epoch in milliseconds': (random) => `{"at":17${random.digits(11)},"tier":"FREE"}`,
  'epoch in seconds': (random) => `exp=17${random.digits(8)}`,
  'order number': (random) =>
    `Order ${random.pick(['INV', 'ORD', 'SO', 'PO'])}-20${random.digits(2)}-${random.digits(6)}`,
  'order number of digits': (random) => `order ${date(random)}${random.digits(5)}`,
  'voucher code': (random) => `code ${random.of(CODE, 12)}`,
  'voucher code in groups': (random) =>
    `${random.of(CODE, 4)}-${random.of(CODE, 4)}-${random.of(CODE, 4)}-${random.of(CODE, 4)}`,
  'PayFast payment id': (random) => `pf_payment_id=${1 + random.below(9)}${random.digits(6 + random.below(3))}`,
  'PayFast token': (random) => `token ${uuid(random)} status 200`,
  'charge id': (random) => `${cuid(random)}-20${random.digits(2)}${two(1 + random.below(12))}-${1 + random.below(4)}`,
  version: (random) => `v${random.below(30)}.${random.below(30)}.${random.below(30)}`,
  'browser version': (random) =>
    `Chrome/1${random.digits(2)}.0.${6000 + random.below(900)}.${random.below(200)} Safari/537.36`,
  package: (random) =>
    `${random.pick(['react', 'node', '@prisma/client', 'actions/checkout'])}@${random.pick(['v4', `${random.below(30)}.${random.below(9)}.0`, 'latest-3.1.0'].slice(0, 2))}`,
  amount: (random) => `R${1 + random.below(9)} ${random.digits(3)} ${random.digits(3)}.${random.digits(2)} paid`,
  'amount with commas': (random) => `total USD ${1 + random.below(9)},${random.digits(3)},${random.digits(3)}.00`,
  'credits in JSON': (random) =>
    JSON.stringify({
      credits: random.below(2_000_000),
      amountCents: random.below(99) * 1000,
      images: random.below(999),
    }),
  'ID number with a wrong check digit': (random) =>
    `ID ${wrongDigit(withLuhn(`${birth(random)}${random.digits(4)}08`), random)}`,
  // Years from 40 on would be card numbers of 13 digits by the rules of Visa and Maestro.
  'ID number with an impossible date': (random) =>
    `ID ${withLuhn(`${two(random.below(40))}${13 + random.below(80)}${random.digits(6)}08`.slice(0, 12))}`,
  'ID number with an impossible citizenship': (random) =>
    `ID ${withLuhn(`${birth(random)}${random.digits(4)}${3 + random.below(7)}8`)}`,
  'card number with a wrong check digit': (random) =>
    `card ${wrongDigit(withLuhn(`400000${random.digits(9)}`), random)}`,
  'card number, masked': (random) => `card 4000 **** **** ${random.digits(4)}`,
  'IBAN with a wrong check digit': (random) => `IBAN GB00NWBK${random.digits(14)}`,
  'phone number too short': (random) => `ext 082 555 ${random.digits(2)}`,
  'short number': (random) =>
    random.pick(['call 10111 now', 'dial *120*321#', 'SMS 31022', 'press 1 or 2', 'room 0821', 'ext. 4711']),
  'opening hours': (random) =>
    `open 0${7 + random.below(2)}:00-1${random.below(9)}:30, ${two(1 + random.below(28))}/${two(1 + random.below(12))}/2026`,
  'date and time': (random) =>
    `${two(1 + random.below(28))}-${two(1 + random.below(12))}-2026 ${two(random.below(24))}:${two(random.below(60))}`,
  'MAC address': (random) => Array.from({ length: 6 }, () => random.of(HEX, 2)).join(':'),
  'name in code': (random) =>
    random.pick([
      'std::vector<int>',
      'Foo::Bar',
      'a::before',
      '@types/node',
      '@john merged',
      'user@',
      'x @ y',
      '5@R10',
      'john at the desk',
    ]),
  'English reason': (random) =>
    random.pick([
      'Duplicate voucher, batch was sent twice',
      'Customer changed their mind',
      'Expired before use',
      'Test voucher of the launch week',
      'Paid R299 twice in November 2026',
      'Created 50 instead of 5',
      'Downgrade from JIGGA to JIVE at period end',
    ]) + random.pick(['', '.', ' (approved)', ' - see ticket 4711']),
  'Afrikaans reason': (random) =>
    random.pick([
      'Koepon is dubbel uitgereik',
      'Kliënt het van plan verander',
      'Betaling van R99 het misluk',
      'Verkeerde bedrag, moes R1 000 wees',
      'Toetsrekening van die span',
    ]) + random.pick(['', '.', ' (goedgekeur)']),
  'Zulu reason': (random) =>
    random.pick([
      'Ivawusha iphelelwe yisikhathi',
      'Ikhasimende lishintshe umqondo',
      'Inkokhelo ka-R99 yehlulekile',
      'Inani elingalungile, kufanele kube ngu-R500',
    ]) + random.pick(['', '.', ' (kugunyaziwe)']),
  'base64 of words': (random) => base64(`tier=${random.pick(['JIVE', 'JIGGA'])} credits=${random.below(99999)}`),
  'base64 of bytes': (random) => Buffer.from(random.of(HEX, 48), 'hex').toString('base64'),
  'hex of words': (random) => Buffer.from(`batch ${random.below(9999)} of November`).toString('hex'),
  'percent-encoding of words': (random) => `?q=${encodeURIComponent(`naïve café ${random.below(999)} %`)}`,
  'quoted-printable of words': (random) => `Die kli=C3=ABnt se versoek=20${random.below(99)}=\r\n is afgehandel`,
  'HTML of words': (random) => `Terms &amp; conditions &#8211; section ${random.below(99)} &lt;b&gt;`,
  'a token in place of a value': (random) => `Refund to pii:${random.of(HEX, 32)} approved`,
}

export const heldNegatives: Makers = {
  'barcode (EAN-13, South Africa), held out': (random) => {
    const body = `600${random.digits(9)}`
    const sum = [...body].reduce((total, digit, place) => total + Number(digit) * (place % 2 === 0 ? 1 : 3), 0)
    return `barcode ${body}${(10 - (sum % 10)) % 10}`
  },
  'ISBN, held out': (random) => `ISBN 978-0-${random.digits(3)}-${random.digits(5)}-${random.digits(1)}`,
  'electricity token, held out': (random) => `token ${Array.from({ length: 5 }, () => random.digits(4)).join(' ')}`,
  'gift card of digits, held out': (random) => `gift ${Array.from({ length: 4 }, () => random.digits(4)).join('-')}`,
  'VAT number, held out': (random) => `VAT 4${random.digits(9)}`,
  'company registration, held out': (random) => `Reg 20${two(random.below(26))}/${random.digits(6)}/07`,
  'bank account, held out': (random) =>
    `acc ${random.pick(['62', '40', '10', '14'])}${random.digits(8 + random.below(2))} branch 250655`,
  'coordinates, held out': (random) => `at -26.${random.digits(6)}, 28.${random.digits(6)}`,
  'IMEI, held out': (random) => `IMEI ${withLuhn(`35${random.digits(12)}`)}`,
  'ULID, held out': (random) => `01J${random.of('0123456789ABCDEFGHJKMNPQRSTVWXYZ', 23)}`,
  'JWT, held out': (random) =>
    `eyJhbGciOiJIUzI1NiJ9.${Buffer.from(JSON.stringify({ sub: cuid(random), exp: 1_790_000_000 + random.below(9_999_999) })).toString('base64url')}.${random.of(`${LOWER}ABCDEFGH_-`, 43)}`,
  'tracking number, held out': (random) => `waybill ${random.pick(['TCG', 'RAM', 'DSV'])}${random.digits(9)}ZA`,
  'stack trace, held out': (random) =>
    `at charge (file:///app/src/billing/charges.ts:${random.below(300)}:${random.below(80)}) code=E${random.digits(4)}`,
  'CSS and times, held out': (random) =>
    `a::after{margin:0 ${random.below(20)}px} 00:${two(random.below(60))}:${two(random.below(60))},${random.digits(3)}`,
  'numbers in rows, held out': (random) => Array.from({ length: 6 }, () => random.below(100_000)).join(' '),
  'ETag, held out': (random) => `W/"${random.of(HEX, 6)}-${Buffer.from(random.of(HEX, 40), 'hex').toString('base64')}"`,
}
