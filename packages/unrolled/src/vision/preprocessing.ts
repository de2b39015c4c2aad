export * from '../images/preprocessing.ts';
