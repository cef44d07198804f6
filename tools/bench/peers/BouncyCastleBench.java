import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cms.CMSAlgorithm;
import org.bouncycastle.cms.CMSEnvelopedData;
import org.bouncycastle.cms.CMSEnvelopedDataGenerator;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.RecipientInformation;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoGeneratorBuilder;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.cms.jcajce.JceCMSContentEncryptorBuilder;
import org.bouncycastle.cms.jcajce.JceKeyTransEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransRecipientInfoGenerator;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;

/**
 * Measures operations per second on 10,000 bytes, after a warm-up, and prints one line for each job. The arguments are
 * KEY (PKCS#8 DER), CERTIFICATE and ANCHOR (DER), MILLISECONDS (the time of the verdicts, since 1970), and SECONDS (for
 * each job). Verification takes the signer's certificate from the message and validates its path.
 */
final class BouncyCastleBench {
    private BouncyCastleBench() {
    }

    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        PrivateKey key = new JcaPEMKeyConverter().getPrivateKey(PrivateKeyInfo.getInstance(Files.readAllBytes(Path.of(arguments[0]))));
        X509CertificateHolder holder = new X509CertificateHolder(Files.readAllBytes(Path.of(arguments[1])));
        X509Certificate certificate = new JcaX509CertificateConverter().getCertificate(holder);
        X509Certificate anchor = new JcaX509CertificateConverter().getCertificate(new X509CertificateHolder(Files.readAllBytes(Path.of(arguments[2]))));
        PKIXParameters trust = new PKIXParameters(Set.of(new TrustAnchor(anchor, null)));
        trust.setRevocationEnabled(false);
        trust.setDate(new Date(Long.parseLong(arguments[3])));
        double seconds = Double.parseDouble(arguments[4]);
        byte[] content = new byte[10_000];
        new java.util.Random(1).nextBytes(content);
        byte[] signed = sign(content, key, certificate);
        byte[] encrypted = encrypt(content, certificate);
        measure("sign", seconds, () -> sign(content, key, certificate));
        measure("verify", seconds, () -> verify(signed, trust));
        measure("encrypt", seconds, () -> encrypt(content, certificate));
        measure("decrypt", seconds, () -> decrypt(encrypted, key));
    }

    private static void measure(String name, double seconds, Callable<byte[]> job) throws Exception {
        loop(seconds, job);
        System.out.println(name + " " + loop(seconds, job));
    }

    private static double loop(double seconds, Callable<byte[]> job) throws Exception {
        long start = System.nanoTime();
        long end = start + (long) (seconds * 1e9);
        long count = 0;
        while (System.nanoTime() < end) {
            job.call();
            count++;
        }
        return count / ((System.nanoTime() - start) / 1e9);
    }

    private static byte[] sign(byte[] content, PrivateKey key, X509Certificate certificate) throws Exception {
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        generator.addSignerInfoGenerator(new JcaSimpleSignerInfoGeneratorBuilder().build("SHA256withRSA", key, certificate));
        generator.addCertificates(new JcaCertStore(List.of(certificate)));
        return generator.generate(new CMSProcessableByteArray(content), true).getEncoded();
    }

    private static byte[] verify(byte[] signed, PKIXParameters trust) throws Exception {
        CMSSignedData data = new CMSSignedData(signed);
        CertPathValidator validator = CertPathValidator.getInstance("PKIX", "BC");
        CertificateFactory factory = CertificateFactory.getInstance("X.509", "BC");
        for (SignerInformation signer : new ArrayList<>(data.getSignerInfos().getSigners())) {
            X509CertificateHolder holder = (X509CertificateHolder) data.getCertificates().getMatches(signer.getSID()).iterator().next();
            X509Certificate certificate = new JcaX509CertificateConverter().getCertificate(holder);
            validator.validate(factory.generateCertPath(List.of(certificate)), trust);
            if (!signer.verify(new JcaSimpleSignerInfoVerifierBuilder().build(certificate))) {
                throw new IllegalStateException("not verified");
            }
        }
        return (byte[]) data.getSignedContent().getContent();
    }

    private static byte[] encrypt(byte[] content, X509Certificate certificate) throws Exception {
        CMSEnvelopedDataGenerator generator = new CMSEnvelopedDataGenerator();
        generator.addRecipientInfoGenerator(new JceKeyTransRecipientInfoGenerator(certificate));
        return generator.generate(new CMSProcessableByteArray(content), new JceCMSContentEncryptorBuilder(CMSAlgorithm.AES256_CBC).build()).getEncoded();
    }

    private static byte[] decrypt(byte[] encrypted, PrivateKey key) throws Exception {
        RecipientInformation recipient = new CMSEnvelopedData(encrypted).getRecipientInfos().getRecipients().iterator().next();
        return recipient.getContent(new JceKeyTransEnvelopedRecipient(key));
    }
}
