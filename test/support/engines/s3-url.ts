/** The URL of an S3 server with everything that a client needs. */

/** Where a bucket is and how to get in. */
export interface S3Location {
  /** `http://host:port`. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Takes `http://key:secret@host:port/bucket?region=us-east-1` apart. */
export function decodeS3Url(url: string): S3Location {
  const { protocol, host, pathname, searchParams, username, password } = new URL(url);
  return {
    endpoint: `${protocol}//${host}`,
    region: searchParams.get('region') ?? 'us-east-1',
    bucket: pathname.slice(1),
    accessKeyId: decodeURIComponent(username),
    secretAccessKey: decodeURIComponent(password),
  };
}
