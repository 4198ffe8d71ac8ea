// Values of invented people: example domains, numbers from ranges kept for fiction where a country has any (GB, US, DE, FR,
// AU, SE), documentation addresses, test prefixes of card networks. South Africa keeps no numbers for fiction.
import type { PiiKind } from '../../src/pii/kinds.ts'
import type { Random } from './random.ts'

const firsts = 'thabo lerato sipho nomsa pieter annelie johan zanele ayesha imraan kabelo busisiwe riaan chantel'.split(
  ' ',
)
const lasts = 'mokoena dlamini vandermerwe naidoo botha khumalo jacobs pillay venter mthembu fourie adams'.split(' ')
const hosts =
  'example.com example.org example.net mail.example.com example.co.za post.example.org klinik.test buro.example'.split(
    ' ',
  )

const email = (random: Random): string => {
  const [first, last, host] = [random.pick(firsts), random.pick(lasts), random.pick(hosts)]
  return random.pick([
    `${first}.${last}@${host}`,
    `${first}@${host}`,
    `${first}_${last}@${host}`,
    `${first}${random.digits(2)}@${host}`,
    `${first.charAt(0)}.${last}+gogga@${host}`,
    `${first.toUpperCase()}.${last.toUpperCase()}@${host.toUpperCase()}`,
    `${first}-${last}@${host}`,
    `info.${last}@${host}`,
  ])
}

const southAfrican = (random: Random): string => {
  const code = random.pick('11 21 31 12 41 51 61 71 72 73 74 76 78 79 81 82 83 84 60 66'.split(' '))
  const [middle, end] = ['555', random.digits(4)]
  return random.pick([
    `0${code}${middle}${end}`,
    `0${code} ${middle} ${end}`,
    `0${code}-${middle}-${end}`,
    `(0${code}) ${middle} ${end}`,
    `0${code} ${middle}${end}`,
    `0${code}.${middle}.${end}`,
    `+27${code}${middle}${end}`,
    `+27 ${code} ${middle} ${end}`,
    `+27 (0)${code} ${middle} ${end}`,
    `+27-${code}-${middle}-${end}`,
    `0027${code}${middle}${end}`,
    `27${code}${middle}${end}`,
    `0${code} ${middle} ${end.slice(0, 2)} ${end.slice(2)}`,
  ])
}

const foreign = (random: Random): string =>
  random.pick([
    `+44 20 7946 0${random.digits(3)}`,
    `+441134960${random.digits(3)}`,
    `+1 212 555 01${random.digits(2)}`,
    `+1 (415) 555-01${random.digits(2)}`,
    `+49 30 23125 ${random.digits(3)}`,
    `+33 1 99 00 ${random.digits(2)} ${random.digits(2)}`,
    `+61 491 570 ${random.pick(['006', '156', '157', '158', '159', '110'])}`,
    `+46 70 174 06 ${random.digits(2)}`,
    `+263 77 555 ${random.digits(4)}`,
    `+264 81 555 ${random.digits(4)}`,
    `+267 71 555 ${random.digits(3)}`,
    `+258 84 555 ${random.digits(4)}`,
    `00264 81 555 ${random.digits(4)}`,
  ])

/** Luhn's check digit, written apart from the detectors. */
export function withLuhn(payload: string): string {
  const sum = [...payload]
    .reverse()
    .map((char, place) => Number(char) * (place % 2 === 0 ? 2 : 1))
    .reduce((total, product) => total + Math.floor(product / 10) + (product % 10), 0)
  return payload + ((10 - (sum % 10)) % 10)
}

export function idDigits(random: Random): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const birth = two(random.below(100)) + two(1 + random.below(12)) + two(1 + random.below(28))
  return withLuhn(`${birth}${random.digits(4)}${random.pick([0, 0, 0, 1, 2])}8`)
}

const idNumber = (random: Random): string => {
  const id = idDigits(random)
  const [birth, sequence, rest] = [id.slice(0, 6), id.slice(6, 10), id.slice(10)]
  return random.pick([
    id,
    id,
    id,
    `${birth} ${sequence} ${rest}`,
    `${birth}-${sequence}-${rest}`,
    `${birth} ${sequence} ${rest.slice(0, 2)} ${rest.slice(2)}`,
  ])
}

const card = (random: Random): string => {
  const visa = withLuhn(`400000${random.digits(9)}`)
  const master = withLuhn(`${random.pick(['555555', '222300', '510510'])}${random.digits(9)}`)
  const amex = withLuhn(`378282${random.digits(8)}`)
  const fours = (digits: string, joint: string) => (digits.match(/.{4}/g) ?? []).join(joint)
  const spaced = `${amex.slice(0, 4)} ${amex.slice(4, 10)} ${amex.slice(10)}`
  return random.pick([
    visa,
    master,
    amex,
    spaced,
    fours(visa, ' '),
    fours(master, ' '),
    fours(visa, '-'),
    fours(master, '-'),
  ])
}

const ip = (random: Random): string => {
  const end = String(1 + random.below(254))
  const group = () => random.of('0123456789abcdef', 1 + random.below(4))
  return random.pick([
    `192.0.2.${end}`,
    `198.51.100.${end}`,
    `203.0.113.${end}`,
    `10.${random.below(256)}.${random.below(256)}.${end}`,
    `2001:db8::${group()}`,
    `2001:db8:${group()}:${group()}::${group()}`,
    `2001:0db8:0000:0000:0000:${random.of('0123456789abcdef', 4)}:0370:7334`,
    `::ffff:192.0.2.${end}`,
  ])
}

const accounts: readonly (readonly [string, (random: Random) => string])[] = [
  ['GB', (random) => `NWBK${random.digits(14)}`],
  ['DE', (random) => random.digits(18)],
  ['NL', (random) => `ABNA${random.digits(10)}`],
  ['BE', (random) => random.digits(12)],
  ['FR', (random) => random.digits(10) + random.of('0123456789ABCDEF', 11) + random.digits(2)],
  ['MU', (random) => `BOMM${random.digits(19)}MUR`],
  ['AE', (random) => random.digits(19)],
  ['PT', (random) => random.digits(21)],
  ['CH', (random) => random.digits(17)],
]

const iban = (random: Random): string => {
  const [country, account] = random.pick(accounts)
  const body = account(random)
  const number = [...`${body}${country}00`].map((char) => Number.parseInt(char, 36)).join('')
  const whole = `${country}${String(98n - (BigInt(number) % 97n)).padStart(2, '0')}${body}`
  return random.pick([
    whole,
    whole,
    whole.replace(/.{4}(?=.)/g, '$& '),
    whole.replace(/.{4}(?=.)/g, '$&-'),
    whole.toLowerCase(),
  ])
}

export const inventedOf: Readonly<Record<PiiKind, (random: Random) => string>> = {
  ...{ email, idNumber, card, ip, iban },
  phone: (random) => (random.below(10) < 7 ? southAfrican(random) : foreign(random)),
}

export const personOf = (random: Random): string => {
  const name = (word: string) => word.charAt(0).toUpperCase() + word.slice(1)
  return `${name(random.pick(firsts))} ${name(random.pick(lasts))}`
}
