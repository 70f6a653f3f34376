package deploy

import (
	"fmt"
	"strings"

	"pack/infra/template"
)

// proving says that somebody has to prove the domains of a certificate, where nobody has
// been told so yet: CloudFormation waits for it. The records are in its events.
func (d *deploying) proving() {
	if p := d.Pack; len(p.Domains) > 0 && p.CDN.Certificate == "" && p.CDN.HostedZone == "" && (d.home == nil || d.home.Outputs[template.OutputURL] == "") {
		d.Progress.note("the certificate is issued when its domains are proved, and the deploy waits for it: the DNS records follow, and are in the AWS console (Certificate Manager, us-east-1)")
	}
}

// pointing says where the domains are to point, once the app has another address than it
// had: without a hosted zone nobody else does it.
func (d *deploying) pointing(had string) {
	if out := d.home.Outputs; d.Pack.CDN.HostedZone == "" && out[template.OutputURL] != "" && out[template.OutputURL] != had {
		d.Progress.note(fmt.Sprintf("have DNS point %s to %s", strings.Join(d.Pack.Domains, " and "), out[template.OutputDomain]))
	}
}
