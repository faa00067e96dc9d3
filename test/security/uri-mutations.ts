/** Every address that differs from the registered one in a byte or in a part. */
export function mutations(uri: string): string[] {
  const oneByte = uri
    .split('')
    .flatMap((letter, index) =>
      [letter === 'a' ? 'b' : 'a', ''].map(
        (other) => uri.slice(0, index) + other + uri.slice(index + 1),
      ),
    )
  const [scheme = '', rest = ''] = uri.split(/:(.*)/s)
  const authority = /^\/\/([^/?]*)/.exec(rest)?.[1] ?? ''
  const parts = [
    `${uri}/`,
    `${uri}/../evil`,
    `${uri}/%2e%2e/evil`,
    `${uri}/..`,
    `${uri}%2e`,
    `${uri}?a=b`,
    `${uri}&a=b`,
    `${uri}#`,
    `${uri}#fragment`,
    `${uri}%00`,
    `${uri} `,
    ` ${uri}`,
    `${uri}\n`,
    `${uri}.evil.example`,
    uri.toUpperCase(),
    `${scheme.toUpperCase()}:${rest}`,
    `https://evil.example/${uri}`,
    `https://evil.example/?${uri}`,
    `${uri}\\@evil.example`,
    ...(authority
      ? [
          uri.replace(authority, `user@${authority}`),
          uri.replace(authority, `${authority}@evil.example`),
          uri.replace(authority, `evil.example\\@${authority}`),
          uri.replace(authority, `${authority}:1@evil.example`),
          uri.replace(authority, `${authority}.`),
          uri.replace(authority, `sub.${authority}`),
          uri.replace(authority, authority.toUpperCase()),
          uri.replace('://', ':///'),
        ]
      : []),
  ]
  return [...new Set([...oneByte, ...parts])].filter((one) => one !== uri)
}
