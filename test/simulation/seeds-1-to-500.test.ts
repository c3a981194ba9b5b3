/** The first half of the seeds; the other half runs beside it. */
import { seedTests } from './seed-tests.js';

seedTests(1, 500);
