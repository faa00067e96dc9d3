import test from 'ava'
import { backendTls, usesTls } from '#lib/backend-tls.ts'

const withTls = [
  'postgres://u:p@db/yumen?sslmode=require',
  'postgres://u:p@db/yumen?sslmode=verify-ca',
  'postgresql://u:p@10.0.0.1/yumen?sslmode=verify-full&sslrootcert=/ca.pem',
  'postgres://u:p@db/yumen?ssl=true',
  'mysql://u:p@db/yumen?ssl=true',
  'mariadb://u:p@db/yumen?ssl-mode=VERIFY_IDENTITY',
  'mysql://u:p@db/yumen?sslmode=require',
  'rediss://:p@redis',
  'rediss-cluster://a:1,b:2',
  'smtps://u:p@mail',
  'smtp://u:p@mail:587',
  'smtp://mail?requireTLS=true',
]

const without = [
  'sqlite:/var/lib/yumen.db',
  'postgres://u:p@db/yumen',
  'postgres://u:p@db/yumen?sslmode=disable&application_name=ssl',
  'postgres://u:p@%2Fvar%2Frun%2Fpostgresql/yumen',
  'mysql://u:p@10.0.0.1/yumen',
  'mysql://u:p@db/yumen?ssl=false',
  'redis://redis',
  'redis-cluster://a:1,b:2',
  'smtp://mail:25',
  'smtp://u:p@localhost:1025?requireTLS=false',
]

const refused = [
  'postgres://u:p@db/yumen?sslmode=prefer',
  'postgres://u:p@db/yumen?sslmode=allow',
  'postgres://u:p@db/yumen?sslmode=no-verify',
  'postgres://u:p@db/yumen?sslmode=requrie',
  'postgres://u:p@db/yumen?sslmode=require&ssl=false',
  'postgres://u:p@db/yumen?sslrootcert=/ca.pem',
  'postgres://u:p@db/yumen?sslMode=require',
  'mysql://u:p@db/yumen?ssl={"rejectUnauthorized":false}',
  'mysql://u:p@db/yumen?ssl-mode=PREFERRED',
  'mysql://u:p@db/yumen?sslaccept=strict',
  'mysql://u:p@db/yumen?tls=true',
  'mysql://u:p@10.0.0.1/yumen?ssl=true',
  'mysql://u:p@[::1]/yumen?ssl=true',
  'redis://redis?tls=true',
  'rediss://redis?tls.rejectUnauthorized=false',
  'smtp://u:p@mail?ignoreTLS=true',
  'smtp://u:p@mail?secure=true',
  'smtps://u:p@mail?tls.rejectUnauthorized=false',
]

test('an address asks for TLS in the words of its vendor, or does not', (t) => {
  for (const url of withTls) t.deepEqual(backendTls(url), { isOn: true }, url)
  for (const url of without) t.deepEqual(backendTls(url), { isOn: false }, url)
})

test('an address that asks for something between, or in words that we do not know, is refused', (t) => {
  for (const url of refused) {
    const { problem } = backendTls(url)
    t.regex(problem ?? '', /^must /, url)
    t.false(problem?.includes('u:p'), url)
    t.throws(() => usesTls(url), { message: /^the URL of a backend must / }, url)
  }
})
