package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// findNginx looks for nginx on this machine, and unpacks Debian's package into the
// workshop where there is none.
func (w *workshop) findNginx(ctx context.Context) (string, error) {
	if found, err := exec.LookPath("nginx"); err == nil {
		return found, nil
	}
	dir := filepath.Join(w.dir, "nginx")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	if err := run(ctx, dir, nil, "apt-get", "download", "nginx"); err != nil {
		return "", fmt.Errorf("no nginx here, and it cannot be downloaded: %w", err)
	}
	packages, err := filepath.Glob(filepath.Join(dir, "nginx_*.deb"))
	if err != nil || len(packages) == 0 {
		return "", fmt.Errorf("apt-get download left no package of nginx: %v", err)
	}
	if err := run(ctx, dir, nil, "dpkg-deb", "-x", packages[0], dir); err != nil {
		return "", err
	}
	program := filepath.Join(dir, "usr", "sbin", "nginx")
	return program, run(ctx, dir, nil, program, "-v")
}

// nginxConfiguration serves the folder www as fast as nginx can: a worker per processor,
// connections that stay open, nothing logged.
const nginxConfiguration = `daemon off;
error_log stderr crit;
pid nginx.pid;
worker_processes auto;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  open_file_cache max=100 inactive=1h;
  keepalive_requests 100000000;
  keepalive_timeout 1h;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  types { text/html html; }
  server {
    listen 127.0.0.1:%s;
    root www;
  }
}
`

// startNginx serves files by their names.
func (w *workshop) startNginx(files map[string][]byte) (*server, error) {
	program, err := w.nginx()
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(w.dir, "nginx-"+port)
	if err := os.MkdirAll(filepath.Join(dir, "www"), 0o755); err != nil {
		return nil, err
	}
	files["../nginx.conf"] = fmt.Appendf(nil, nginxConfiguration, port)
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, "www", name), content, 0o644); err != nil {
			return nil, err
		}
	}
	// As root, nginx's workers are another user, who must come to the files.
	if err := os.Chmod(w.dir, 0o755); err != nil {
		return nil, err
	}
	command := exec.Command(program, "-p", dir, "-c", "nginx.conf")
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		return nil, err
	}
	s := &server{address: "127.0.0.1:" + port, command: command}
	if err := answers("http://"+s.address+"/page.html", 10*time.Second); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}
