export type Header = [string, string]

/** Ways in which a request can lie about the host that it is for. */
export const hostile: Header[][] = [
  [['host', 'evil.example']],
  [['host', 'evil.example:8443']],
  [['host', 'localhost@evil.example']],
  [['host', 'evil.example/path']],
  [['host', '"><script>']],
  [['host', '']],
  [['x-forwarded-host', 'evil.example']],
  [['x-forwarded-host', 'evil.example, other.example']],
  [['x-forwarded-server', 'evil.example']],
  [['x-original-host', 'evil.example']],
  [['x-forwarded-proto', 'https']],
  [['x-forwarded-proto', 'javascript']],
  [['x-forwarded-port', '8443']],
  [['x-forwarded-prefix', '/evil']],
  [['x-original-url', '/evil']],
  [['x-rewrite-url', '/evil']],
  [['forwarded', 'for=1.2.3.4;host=evil.example;proto=https']],
  [
    ['host', 'evil.example'],
    ['x-forwarded-host', 'evil.example'],
    ['x-forwarded-proto', 'https'],
    ['x-forwarded-port', '8443'],
    ['forwarded', 'host=evil.example;proto=https'],
  ],
]
