import test from 'ava'
import { sqlContracts } from '../contract/sql.ts'

sqlContracts(test, 'postgres')
