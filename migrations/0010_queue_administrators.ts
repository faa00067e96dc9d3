import type { Knex } from 'knex'

/** The row at which those queue who take an administrator away (`revisions`, 0007). */
export const up = (knex: Knex) =>
  knex('revisions').insert({ name: 'administrators', revision: 0 }).onConflict('name').ignore()

export const down = (knex: Knex) => knex('revisions').where({ name: 'administrators' }).delete()
