/** Whether this is the job of a CI system, where nobody reads along. */
export const isCi = ({ CI: ci = '' }: NodeJS.ProcessEnv): boolean => ci !== '' && ci !== 'false' && ci !== '0';
