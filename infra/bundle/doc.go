// Package bundle turns a plan into the folder that is served here and deployed
// from: the files of every function's archive, the assets, the seeds of the page
// cache, and the Deployment document that names them.
//
// Most functions share nearly all of their files. So these are kept once,
// compressed as they go into archives, and an archive is put together when
// somebody wants it: its digest and size are known without. Writing a thousand
// of them would take longer than all the rest of packing.
//
// The folder, .pack by default:
//
//	current              symbolic link to the deployment in use
//	deployments/<id>.<random>/
//	  deployment.json    manifest.Deployment, with the Archives filled in
//	  files.json         what is in each archive (archive.Lists)
//	  functions/<name>.zip   those that were asked for
//	  layers/deployment.zip  what gateway and worker read the Deployment from
//	  assets/<Asset.File>
//	  seeds/<Part.File>
//	  hold               locked, shared, by whoever reads the deployment
//	files/               what archives are made of, an archive.Pool
//	run/                 unpacked functions, an archive.Tree
//	lock                 locked by the one process that writes here
//	.gitignore           keeps all of it out of git
//
// Other files beside these belong to the commands and are left alone.
//
// Only the link makes a deployment count, and it is replaced in one rename:
// whenever a build is killed, the deployment before it stays in use, and what
// the build had made is a leftover that the next build removes. A deployment
// that somebody still reads is removed by a later build, once it is let go.
//
// Assets and seeds that a deployment has in common with the one before it are
// hard links, so that a build writes only what is new. Nothing may be written to
// in place.
package bundle
