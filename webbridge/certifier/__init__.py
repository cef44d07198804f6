"""The signing service of a small CA: certifies the requests that the bridge sends, at a socket of this machine."""
