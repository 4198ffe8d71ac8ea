// Values written otherwise than they should be: glued to a label, in odd groups, with other separators, over a line end; and
// what comes close to that without being anybody's. `held` ones were not looked at while the detectors were written.
import type { PiiKind } from '../../src/pii/kinds.ts'
import type { Makers } from './negatives.ts'
import { idDigits, inventedOf, personOf, withLuhn } from './people.ts'
import type { Random } from './random.ts'

/** The text, and the value in it as it stands there. */
export type Otherwise = readonly [text: string, value: string]
type Writers = Readonly<Record<string, { readonly kind: PiiKind; readonly write: (random: Random) => Otherwise }>>

const two = (value: number) => String(value).padStart(2, '0')
const mobile = (random: Random) => `0${random.pick('60 71 72 73 76 79 81 82 83 84'.split(' '))}555${random.digits(4)}`
const visa = (random: Random) => withLuhn(`400000${random.digits(9)}`)
const ibanOf = (random: Random) => inventedOf.iban(random).replace(/[ -]/g, '').toUpperCase()
const emailOf = (random: Random) => inventedOf.email(random)
const cut = (digits: string, sizes: readonly number[], joint: string) => {
  const starts = sizes.map((_size, at) => sizes.slice(0, at).reduce((sum, size) => sum + size, 0))
  return sizes.map((size, at) => digits.slice(starts[at] ?? 0, (starts[at] ?? 0) + size)).join(joint)
}
const alone = (value: string): Otherwise => [value, value]
const inWords = (random: Random, value: string): Otherwise => [
  random.pick([`Klant se nommer ${value}, bel Maandag`, `see ${value} for details`, `asked by ${value}`]),
  value,
]
const labelled = (label: string, value: string): Otherwise => [`${label}${value} asked for a refund`, value]

export const otherwise: Writers = {
  'ID number that touches its label': {
    kind: 'idNumber',
    write: (random) => labelled(random.pick(['ID', 'IDno', 'Id', 'id', 'IDNR']), idDigits(random)),
  },
  'phone number that touches its label': {
    kind: 'phone',
    write: (random) => labelled(random.pick(['Cell', 'Tel', 'cell', 'Phone', 'WhatsApp']), mobile(random)),
  },
  'phone number that touches a name': {
    kind: 'phone',
    write: (random) => labelled(personOf(random).split(' ')[0] ?? '', mobile(random)),
  },
  'card number that touches its label': {
    kind: 'card',
    write: (random) => labelled(random.pick(['card', 'visa', 'Card', 'CC']), visa(random)),
  },
  'IBAN that touches its label': { kind: 'iban', write: (random) => labelled('IBAN', ibanOf(random)) },
  'ID number in odd groups': {
    kind: 'idNumber',
    write: (random) => {
      const sizes = random.pick([
        [10, 3],
        [3, 3, 3, 4],
        [8, 5],
        [6, 7],
        [2, 2, 2, 4, 3],
        [4, 4, 4, 1],
      ])
      return inWords(random, cut(idDigits(random), sizes, random.pick([' ', '-'])))
    },
  },
  'ID number with other marks': {
    kind: 'idNumber',
    write: (random) => inWords(random, cut(idDigits(random), [6, 4, 3], random.pick(['/', '.', '_', '  ']))),
  },
  'phone number with other marks': {
    kind: 'phone',
    write: (random) => inWords(random, cut(mobile(random), [3, 3, 4], random.pick(['/', '_', '  ', '. ']))),
  },
  'phone number in pairs': {
    kind: 'phone',
    write: (random) =>
      inWords(
        random,
        cut(`${mobile(random).slice(0, 8)}${6 + random.below(4)}${random.digits(1)}`, [2, 2, 2, 2, 2], ' '),
      ),
  },
  'phone number over a line end': {
    kind: 'phone',
    write: (random) => {
      const number = mobile(random)
      const value = `${cut(number.slice(0, 6), [3, 3], ' ')}${random.pick(['\n', '\r\n'])}${number.slice(6)}`
      return [`reach them on ${value}\nthanks`, value]
    },
  },
  'card number with other marks': {
    kind: 'card',
    write: (random) => inWords(random, cut(visa(random), [4, 4, 4, 4], random.pick(['.', '  ', '/', '_']))),
  },
  'IBAN with other marks': {
    kind: 'iban',
    write: (random) => {
      const iban = ibanOf(random)
      const spaced = iban.replace(/.{4}(?=.)/g, '$& ')
      return inWords(random, random.pick([`${iban.slice(0, 2)} ${spaced.slice(2)}`, iban.replace(/.{4}(?=.)/g, '$&.')]))
    },
  },
  'email with spaces around its sign': {
    kind: 'email',
    write: (random) => inWords(random, emailOf(random).replace('@', random.pick([' @ ', '@ ', ' @']))),
  },
  'bare number in pieces': { kind: 'phone', write: (random) => alone(cut(mobile(random), [4, 3, 3], ' ')) },
}

export const heldOtherwise: Writers = {
  'ID number that touches another label, held out': {
    kind: 'idNumber',
    write: (random) => labelled(random.pick(['RSAID', 'idnumber', 'Said', 'SAID']), idDigits(random)),
  },
  'phone number that touches another label, held out': {
    kind: 'phone',
    write: (random) => labelled(random.pick(['Selfoon', 'mobile', 'Foon', 'Whatsapp', 'contact']), mobile(random)),
  },
  'phone number with spaced dashes, held out': {
    kind: 'phone',
    write: (random) => inWords(random, cut(mobile(random), [3, 3, 4], ' - ')),
  },
  'phone number with +27 and dots, held out': {
    kind: 'phone',
    write: (random) => inWords(random, `+27.${cut(mobile(random).slice(1), [2, 3, 4], '.')}`),
  },
  'ID number over a line end, held out': {
    kind: 'idNumber',
    write: (random) => {
      const value = cut(idDigits(random), [6, 4, 3], ' ').replace(/ (?=\d{3}$)/, '\n')
      return [`identiteit ${value}\nbevestig`, value]
    },
  },
  'ID number with a label and a point, held out': {
    kind: 'idNumber',
    write: (random) => {
      const value = idDigits(random)
      return [`ID nr.${value}; verified`, value]
    },
  },
  'card number that touches another label, held out': {
    kind: 'card',
    write: (random) => labelled(random.pick(['kaart', 'Visa', 'CARD', 'mastercard']), visa(random)),
  },
  'IBAN in lower case that touches its label, held out': {
    kind: 'iban',
    write: (random) => labelled('iban', ibanOf(random).toLowerCase()),
  },
  'email with a space in Afrikaans, held out': {
    kind: 'email',
    write: (random) => {
      const value = emailOf(random).replace('@', ' @ ')
      return [`Die kliënt se adres is ${value}, dankie`, value]
    },
  },
}

const words = (random: Random) =>
  random.pick(['Order', 'Ref', 'Invoice no.', 'Batch', 'Bestelling', 'Waybill', 'order #'])

export const nearMisses: Makers = {
  'order number with a leading zero': (random) => `${words(random)} 0${random.digits(9)} was sent twice`,
  'number with a prefix that nobody has': (random) =>
    `0${random.pick(['9', '19', '29', '59'])}${random.digits(9)}`.slice(0, 10),
  'time in milliseconds in a field': (random) => `{"at":1${random.pick(['6', '7'])}${random.digits(11)}}`,
  'reference of 13 digits': (random) => `pf payment ${1 + random.below(9)}${random.digits(12)}`,
  'code that touches a number': (random) =>
    `${random.pick(['INV', 'ORD', 'PF', 'x', 'TCG', 'Ref', 'order', 'cafe'])}0${random.pick(['82', '73', '11'])}${random.digits(7)}`,
  'number that touches a unit': (random) =>
    `0${random.pick(['82', '73'])}${random.digits(7)}${random.pick(['ms', 'b', 'x', 'px'])}`,
  'ID number with a wrong check digit that touches its label': (random) => {
    const id = idDigits(random)
    return `ID${id.slice(0, 12)}${(Number(id.slice(12)) + 1 + random.below(9)) % 10}`
  },
  'draw of a lottery': (random) => Array.from({ length: 5 }, (_, at) => two(1 + at * 10 + random.below(10))).join(' '),
  'date and time with slashes': (random) =>
    `${two(1 + random.below(28))}/${two(1 + random.below(12))}/2026 ${two(random.below(24))}:${two(random.below(60))}`,
  'numbers in a column': (random) => Array.from({ length: 5 }, () => random.digits(3 + random.below(2))).join('\n'),
  'place or shop after a sign': (random) =>
    `${random.pick(['bought', 'found it', 'R99', 'meeting', 'on special', 'gekoop'])} @ ${random.pick(['example.com', 'shop.example', 'mail.example.co.za'])}`,
  'card number with dots and a wrong check digit': (random) => {
    const card = visa(random)
    return `card ${cut(`${card.slice(0, 15)}${(Number(card.slice(15)) + 1 + random.below(9)) % 10}`, [4, 4, 4, 4], '.')}`
  },
  'file of a path': (random) => `/var/${random.digits(3)}/${random.digits(3)}/${random.digits(4)}.log`,
}

export const heldNearMisses: Makers = {
  'account number with a word before, held out': (random) => `Account: 0${random.digits(9)}`,
  'barcode in a list, held out': (random) => `EAN 60${random.digits(11)}, 2 boxes`,
  'serial number that touches letters, held out': (random) => `SN${random.digits(13)}`,
  'amounts in a column, held out': (random) => Array.from({ length: 4 }, () => `${random.digits(4)}.00`).join('\n'),
  'version with a build, held out': (random) => `gogga_${random.below(9)}_${random.digits(3)}_${random.digits(4)}`,
  'sign between words, held out': (random) =>
    `${random.below(90)} units @ R${random.digits(3)}.${random.digits(2)} each`,
  'time with its zone in a field, held out': (random) => `"ts": 17${random.digits(11)}, "zone": "+02:00"`,
}
