"""Recipients' own keys. A code by mail confirms the address, and the CA's signing service makes the certificate."""
