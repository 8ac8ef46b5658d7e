// node server.mjs PORT FOLDER BUCKET...: an S3 server on loopback until it is ended.
import S3rver from "s3rver";

const [port, directory, ...buckets] = process.argv.slice(2);
const server = new S3rver({
    port: Number(port),
    address: "127.0.0.1",
    directory,
    silent: true,
    configureBuckets: buckets.map((name) => ({ name })),
});
await server.run();
process.on("SIGTERM", () => server.close(() => process.exit(0)));
