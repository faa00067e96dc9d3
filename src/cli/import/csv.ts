/** The fields of one CSV record (RFC 4180 §2), with commas between them; undefined when its quotes are not in order. */
export function csvFields(record: string): string[] | undefined {
  const fields: string[] = []
  for (let at = 0; ;) {
    const field = record[at] === '"' ? quotedField(record, at) : plainField(record, at)
    if (!field) return undefined
    fields.push(field.value)
    if (field.end === record.length) return fields
    if (record[field.end] !== ',') return undefined
    at = field.end + 1
  }
}

interface Field {
  value: string
  /** Where it ends in the record. */
  end: number
}

function plainField(record: string, start: number): Field | undefined {
  const comma = record.indexOf(',', start)
  const end = comma < 0 ? record.length : comma
  const value = record.slice(start, end)
  return value.includes('"') ? undefined : { value, end }
}

/** Two quotes within quotes are one. */
function quotedField(record: string, start: number): Field | undefined {
  for (let at = start + 1; ; at += 2) {
    at = record.indexOf('"', at)
    if (at < 0) return undefined
    if (record[at + 1] === '"') continue
    return { value: record.slice(start + 1, at).replaceAll('""', '"'), end: at + 1 }
  }
}
