// Which names of fields a report may repeat. Whoever wrote the data chose them, and somebody's name is one as well: only those
// that are made of words of the schemas, or of words that programs use, are shown.
import { allModels } from '../../../database/catalog.ts'

const plainKey = /^[A-Za-z_$][\w.-]{0,39}$/
const manyDigits = /\d{4}/
const words = /[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+/g

const general = `a an and at by for from in is no not of on or the to with account action active actor address addresses agent amount api app
  args at attempt attempts auth bank batch billing birth body buyer card cards cause cell cellphone cents city client code codes comment
  comments company contact contacts content cookie cookies count country created credit credits currency custom customer data date day
  description detail details device domain email emails end err error errors event events expires fax field fields file files first
  flag form full gross group has head header headers history host hostname how http https id identity ids idnumber info input ip item
  items job key keys kind label last lang legacy level line lines link links list location log logs mail mails message messages meta
  method mobile mode model msg name names national new next note notes number numbers old order orders original origin other output
  owner params path payer payload payment payments people period person phone phones pf plan postal postcode price product profile
  province public purpose quantity query raw reason recipient ref reference referer region remark remote reply req request res response
  result results role route row rows rsa said schedule secret sender service session set settings shop signature source stack start
  state status step street subject subscription surname system tag tags target tax tel telephone text ticket tier time times title
  token tokens total type uid update updated uri url user username users uuid value values version voucher vouchers was webhook what
  when where who why work x y year zip pid req res took ms`

const vocabulary: ReadonlySet<string> = new Set([
  ...general.split(/\s+/),
  ...allModels.flatMap(({ name, columns }) => [name, ...columns.map((column) => column.name)]).flatMap(wordsIn),
])

function wordsIn(key: string): readonly string[] {
  return (key.match(words) ?? []).map((word) => word.toLowerCase())
}

/** Whether every word of a key is one that is nobody's. */
export const isFieldName = (key: string): boolean =>
  plainKey.test(key) &&
  !manyDigits.test(key) &&
  wordsIn(key).every((word) => vocabulary.has(word) || /^\d+$/.test(word))

const namesLike = /^[A-Z]\p{Ll}+[ _-]\p{Lu}\p{Ll}+$/u

/** Somebody's first and last name, as a name of a table or column. */
export const isLikePerson = (name: string): boolean => namesLike.test(name)
