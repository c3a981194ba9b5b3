/** The second half of the seeds. */
import { seedTests } from './seed-tests.js';

seedTests(501, 500);
