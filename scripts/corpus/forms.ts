// What people and programs write around a value, in the languages that administrators type, and the encodings that values
// arrive in. `held` ones were written after the detectors were, and are used for measuring only.
const base64 = (text: string) => Buffer.from(text).toString('base64')
const hex = (text: string) => Buffer.from(text).toString('hex')
const quoted = (text: string) =>
  [...Buffer.from(text)].map((byte) => `=${hex(String.fromCharCode(byte)).toUpperCase()}`).join('')
const percent = (text: string) => [...Buffer.from(text)].map((byte) => `%${hex(String.fromCharCode(byte))}`).join('')
const escaped = (text: string) => [...text].map((char) => `\\u00${hex(char)}`).join('')
const fullWidth = (text: string) => text.replace(/[!-~]/g, (char) => String.fromCharCode(char.charCodeAt(0) + 0xfee0))
const inJson = (text: string, key = 'note') =>
  JSON.stringify({ [key]: text, at: '2026-11-22T18:22:19.876Z', tier: 'JIVE' })

export type Forms = Readonly<Record<string, readonly string[] | ((value: string) => string)>>

/** `{}` is the value, `{name}` somebody's invented name. */
export const sentences: Forms = {
  'English reason': [
    'Customer asked for a refund, reach them on {}',
    'Voided: duplicate voucher, see {} for details.',
    'Called {} twice, no answer',
    'Refund to {} approved by finance',
    '{name} ({}) says the credits never arrived',
    'moved subscription from {} to the new account',
    'Chargeback dispute - {} - bank informed',
    'As per {}: please upgrade.',
    'fraud suspected ({}), blocked until Monday',
    'Wrong person! Should have been {}',
    'See ticket; contact={}; urgent',
  ],
  'Afrikaans reason': [
    'Kliënt het gebel, besonderhede: {}',
    'Koepon gekanselleer op versoek van {name}, {}',
    'Betaling misluk; kontak asseblief {} vir meer inligting',
    'Terugbetaling aan {} goedgekeur.',
    'Verkeerde rekening, moes {} gewees het',
    'Sê hy het nooit die krediete gekry nie ({})',
  ],
  'Zulu reason': [
    'Ikhasimende licele imali ibuyiselwe, xhumana no-{}',
    'Ivawusha ikhanseliwe ngesicelo sika {name} {}',
    'Inkokhelo yehlulekile, sicela ushayele ku {}',
    'U-{name} uthi akawatholanga amakhredithi: {}',
    'Umsebenzisi akekho, sebenzisa {} esikhundleni',
  ],
  'key and value': [
    'contact={}&tier=JIVE',
    'contact: {}',
    'ref|{}|JIVE',
    'a;{};b',
    '"{}","JIVE","active"',
    '<contact>{}</contact>',
    "{'contact': '{}', 'ok': True}",
  ],
  'log line': [
    '2026-11-22T18:22:19.876Z WARN billing charge refused for {} status=402',
    '[error] upstream said "{}" is unknown (attempt 3)',
    'notify failed: {}: timeout after 3000 ms',
  ],
}

export const heldSentences: Forms = {
  'English reason, held out': [
    'pls credit {} asap, was promised on phone',
    'Spoke w/ {name} - use {} going forward.',
    'dup of earlier request → {}',
    'Goodwill gesture (50k credits) for {}',
    'Escalated by legal; data subject {} wants erasure.',
    'pd in cash @ Sandton office, rcpt to {}',
    'Not the account holder!! real one: {} (verified)',
  ],
  'Afrikaans reason, held out': [
    'Gratis maand vir {} oor die kragonderbreking',
    'Ons het {} verkeerdelik twee keer gehef',
    '{name} se nuwe besonderhede is {}.',
  ],
  'Zulu reason, held out': [
    'Sithumele umyalezo ku-{} izolo',
    'Sicela nishintshe imininingwane ibe ngu: {}',
    '{} akasaphenduli, vala i-akhawunti',
  ],
  'other text, held out': [
    '#note {} #end',
    'Fwd: Re: {} / voucher',
    '* {}\n* nothing else',
    'tel/mail/id {} [checked]',
    'old="{}" new=""',
    '{"actor":"system","detail":"set to {}"}',
  ],
}

export const encodings: Forms = {
  JSON: (value) => inJson(`line\n${value}\tend`),
  'JSON in JSON': (value) => JSON.stringify({ payload: inJson(value) }),
  'JSON escapes': (value) => `{"note":"${escaped(value)}"}`,
  'JSON cut off': (value) => inJson(`said "${value}"`).slice(0, -20),
  'percent-encoding': (value) => `https://example.com/?q=${encodeURIComponent(value)}&tier=JIVE`,
  'percent-encoding of everything': (value) => percent(value),
  'percent-encoding, twice': (value) => encodeURIComponent(encodeURIComponent(value)),
  base64,
  'base64 of a sentence': (value) => base64(`Please contact ${value} about it`),
  'base64 of JSON': (value) => inJson(base64(inJson(value)), 'body'),
  'base64, URL-safe': (value) => Buffer.from(`Zoë? ${value}`).toString('base64url'),
  'base64 over lines': (value) =>
    base64(`A message of some length that fills lines, from ${value}`).replace(/.{24}/g, '$&\r\n'),
  'base64 twice': (value) => base64(base64(value)),
  'a token of JSON (JWT)': (value) =>
    `${base64('{"alg":"HS256"}').replace(/=/g, '')}.${Buffer.from(inJson(value, 'sub')).toString('base64url')}.c2lnbmF0dXJlLXRoYXQtaXMtbm9uZQ`,
  hex,
  'hex of a sentence': (value) => hex(`contact ${value}`),
  'hex in pairs': (value) => hex(value).replace(/..(?=.)/g, '$&:'),
  'hex as in PostgreSQL': (value) => `\\x${hex(`for ${value}`)}`,
  'quoted-printable': (value) => quoted(value),
  'quoted-printable of a mail': (value) =>
    `Besonderhede van die kli=C3=ABnt:=20\r\n${value.replace(/@/g, '=40')}=\r\n dankie`,
  'form body': (value) => new URLSearchParams({ item: 'JIVE', detail: value }).toString(),
  'HTML references': (value) => [...value].map((char) => `&#${char.charCodeAt(0)};`).join(''),
  'HTML references of marks': (value) => value.replace(/[@+.:]/g, (char) => `&#x${hex(char)};`),
}

export const heldEncodings: Forms = {
  'base64 of a mail address line, held out': (value) => base64(`From: "A Person" <${value}>\r\nSubject: hi`),
  'base64 in a data URL, held out': (value) => `data:text/plain;base64,${base64(`note: ${value}`)}`,
  'hex of JSON, held out': (value) => hex(inJson(value)).toUpperCase(),
  'percent-encoded JSON, held out': (value) => `state=${encodeURIComponent(inJson(value))}`,
  'CSV in JSON, held out': (value) => JSON.stringify({ csv: `name,contact,tier\n"x","${value}",JIVE\n` }),
  'hex of a form body, held out': (value) => hex(`a=1&contact=${value}&b=2`),
  'XML with references, held out': (value) => `<d>${value.replace(/[@:]/g, (char) => `&#${char.charCodeAt(0)};`)}</d>`,
  'JSON of a string of JSON of base64, held out': (value) => JSON.stringify(JSON.stringify({ b: base64(value) })),
}

const digitsOf = (zero: number) => (value: string) =>
  value.replace(/\d/g, (digit) => String.fromCodePoint(zero + Number(digit)))

/** Characters that look like others; emails and numbers differ in what people do to them. */
export const lookAlikes: Forms = {
  'full-width characters': fullWidth,
  'zero-width characters': (value) => [...value].join('\u200b'),
  'soft hyphens': (value) => value.replace(/.{3}(?=.)/g, '$&\u00ad'),
  'no-break spaces': (value) => value.replaceAll(' ', '\u00a0'),
  'mathematical digits': digitsOf(0x1d7ce),
  'Arabic-Indic digits': digitsOf(0x660),
}
