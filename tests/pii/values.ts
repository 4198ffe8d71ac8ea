/** Fictitious people's values: example domains, ID numbers and card numbers with a computed check digit. */
import type { PiiKind } from '../../src/pii/find.ts'

/** Appends Luhn's check digit, written apart from the code under test. */
export function withCheckDigit(payload: string): string {
  const sum = [...payload]
    .reverse()
    .map((char, place) => Number(char) * (place % 2 === 0 ? 2 : 1))
    .reduce((total, product) => total + Math.floor(product / 10) + (product % 10), 0)
  return payload + ((10 - (sum % 10)) % 10)
}

const births = '800101 991231 000229 040229 850615 920703 681130 010101 560808 750317'.split(' ')
export const idNumbers = births.map((birth, n) => withCheckDigit(`${birth}${5009 - n * 311}${n % 3}8`))

export const cards = [
  ...['4111111111111111', '4012888888881881', '5555555555554444', '5105105105105100'],
  ...['2223003122003222', '2720992720992729', '378282246310005', '371449635398431', '30569309025904'],
  ...['38520000023237', '36227206271667', '6011111111111117', '6445644564456445', '3530111333300000'],
  ...['3566002020360505', '6759649826438453', '6304000000000000', '6200000000000005', '6205500000000000004'],
]

export const emails = [
  ...['thabo@example.co.za', 'THABO.M@EXAMPLE.ORG', 'john@x.com', 'a@b.co', 'thabo.mokoena+tag@mail.example.com'],
  ...["sinead.o'brien@example.ie", 'first_last@example-host.net', 'x1@1x.example', '_svc@example.com'],
  ...[
    'root@localhost',
    'admin@intranet',
    'söeren@exämple.de',
    '用户@例子.公司',
    'почта@пример.рф',
    'x@xn--exmple-cua.com',
  ],
  ...[
    'no-reply@example.com',
    '12345@example.com',
    '0821234567@sms.example.com',
    'a.b.c.d@e.f.g.h.example',
    'new.@example.com',
  ],
]

export const phones = [
  ...['0821234567', '082 123 4567', '082-123-4567', '082.123.4567', '(082) 123 4567', '(011)123-4567', '011 123 4567'],
  ...['0821 234 567', '082 1234567', '0800 123 456', '+27821234567', '+27 82 123 4567', '+27-82-123-4567'],
  ...['+27 (0)82 123 4567', '(+27) 82 123 4567', '+27(82)123-4567', '0027821234567', '0027 82 123 4567', '27821234567'],
  ...['27 82 123 4567', '+27.82.123.4567', '+44 20 7946 0958', '+442079460958', '+1 415 555 2671', '+1 (415) 555-2671'],
  ...[
    '+49 30 901820',
    '0044 20 7946 0958',
    '+91 98765 43210',
    '+263 77 123 4567',
    '+258 84 123 4567',
    '+86 138 0013 8000',
  ],
]

export const ips = [
  ...['196.25.1.7', '10.0.0.1', '255.255.255.255', '8.8.8.8', '192.168.001.001', '2001:db8::1', '::1', 'fe80::1%eth0'],
  ...['2001:0db8:85a3:0000:0000:8a2e:0370:7334', '2001:DB8:0:0:8:800:200C:417A', 'FF01::101', '::ffff:129.144.52.38'],
  ...['::13.1.68.3', '0:0:0:0:0:ffff:129.144.52.38', '1:2:3:4:5:6:7:8', 'fd12:3456:789a:1::', '2001:db8::'],
]

/** The examples of SWIFT's register; South Africa has no IBAN. */
export const ibans = [
  ...['GB29NWBK60161331926819', 'GB29 NWBK 6016 1331 9268 19', 'gb29nwbk60161331926819', 'DE89370400440532013000'],
  ...['DE89 3704 0044 0532 0130 00', 'NO9386011117947', 'BE68539007547034', 'FR1420041010050500013M02606'],
  ...['MT84MALT011000012345MTLCAST001S', 'NL91-ABNA-0417-1643-00', 'MU17BOMM0101101030300200000MUR'],
]

export const valuesOf: Record<PiiKind, readonly string[]> = {
  email: emails,
  idNumber: [
    ...idNumbers,
    ...idNumbers.map((id) => id.replace(/^(\d{6})(\d{4})(\d{3})$/, '$1 $2 $3')),
    ...idNumbers.map((id) => id.replace(/^(\d{6})(\d{4})(\d{2})(\d)$/, '$1-$2-$3-$4')),
  ],
  card: [...cards, '4111 1111 1111 1111', '5555-5555-5555-4444', '3782 822463 10005', '3056 930902 5904'],
  phone: phones,
  ip: ips,
  iban: ibans,
}
