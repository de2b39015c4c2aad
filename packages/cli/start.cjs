'use strict';
import('./src/main.ts');
