/** The AWS SDK's ways to credentials, large enough to be loaded only when it comes to them. */
export { fromIni } from '@aws-sdk/credential-provider-ini';
export { defaultProvider } from '@aws-sdk/credential-provider-node';
