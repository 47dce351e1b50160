// The estimator with its dictionary; loaded when the first new password is typed.
import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { adjacencyGraphs, dictionary } from '@zxcvbn-ts/language-common';

const estimator = new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs });

export const estimate = (password: string, own: string[]) => estimator.check(password, own);
