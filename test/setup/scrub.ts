/**
 * Runs before each test file: what the machine, a CI service or npm has put into the environment must not decide
 * whether a test passes.
 */
import { gitEnvironment, isInherited } from './environment.ts';

for (const name of Object.keys(process.env)) if (!isInherited(name)) delete process.env[name];
Object.assign(process.env, gitEnvironment());
