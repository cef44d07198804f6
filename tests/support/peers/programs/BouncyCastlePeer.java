import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FileReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.spec.MGF1ParameterSpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.crypto.Cipher;
import javax.crypto.CipherInputStream;
import javax.crypto.SecretKey;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cms.*;
import org.bouncycastle.cms.jcajce.*;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.DigestCalculatorProvider;
import org.bouncycastle.operator.InputDecryptor;
import org.bouncycastle.operator.OutputAEADEncryptor;
import org.bouncycastle.operator.OutputEncryptor;
import org.bouncycastle.operator.jcajce.JcaAlgorithmParametersConverter;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/**
 * Runs Bouncy Castle as a program that answers lines of text (see line_peer.py). A request is a verb and NAME=VALUE
 * words, separated by tabs. The answer is "ok" and values in base64, or "error" and a text. Algorithms are named by
 * their OIDs. The only argument is the folder with NAME.pem and NAME.key of each person.
 */
public class BouncyCastlePeer {
    private final Path people;

    private BouncyCastlePeer(Path people) {
        this.people = people;
    }

    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        BouncyCastlePeer peer = new BouncyCastlePeer(Path.of(arguments[0]));
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        out.println("ok");
        for (String line; (line = in.readLine()) != null; ) {
            out.println(peer.answer(line));
        }
    }

    private String answer(String line) {
        String[] words = line.split("\t");
        Map<String, String> request = new HashMap<>();
        for (int i = 1; i < words.length; i++) {
            request.put(words[i].substring(0, words[i].indexOf('=')), words[i].substring(words[i].indexOf('=') + 1));
        }
        try {
            StringBuilder answer = new StringBuilder("ok");
            for (byte[] value : perform(words[0], request)) {
                answer.append('\t').append(Base64.getEncoder().encodeToString(value));
            }
            return answer.toString();
        } catch (Exception | LinkageError error) {
            return "error\t" + String.valueOf(error).replaceAll("\\s", " ");
        }
    }

    private byte[][] perform(String verb, Map<String, String> request) throws Exception {
        byte[] data = Base64.getDecoder().decode(request.get("data"));
        switch (verb) {
            case "sign": return one(sign(data, request).getEncoded("DER"));
            case "verify": return one(verify(data, request));
            case "sign-mail": return one(BouncyCastleMail.sign(data, request.get("signers") + "@example.test",
                signer(request.get("signers"), request), new JcaCertStore(List.of(certificate(request.get("signers")))),
                request.containsKey("detached")));
            case "verify-mail": return one(verify(BouncyCastleMail.readSigned(data)));
            case "countersign": return one(countersign(data, request));
            case "countersigners": return countersigners(data);
            case "certificates": return one(certificates(request));
            case "read-certificates": return readCertificates(data);
            case "envelop": return one(envelop(data, request));
            case "open": return one(open(data, request));
            case "encrypt-mail": return one(BouncyCastleMail.encrypt(data, "rsa@example.test", recipients(request), encryptor(request)));
            case "open-mail": return one(BouncyCastleMail.readEncrypted(data).getRecipientInfos().getRecipients().iterator().next()
                .getContent(recipient(request.get("kind"), request)));
            case "encrypt": return encrypt(data, request);
            case "decrypt": return one(decrypt(data, request));
            case "undigest": return one(undigest(data));
            case "compress": return one(new CMSCompressedDataGenerator().generate(
                new CMSProcessableByteArray(data), new ZlibCompressor()).getEncoded());
            case "uncompress": return one(new CMSCompressedData(data).getContent(new ZlibExpanderProvider()));
            case "authenticate": return one(authenticate(data, request));
            default: throw new IllegalArgumentException("no such verb: " + verb);
        }
    }

    private static byte[][] one(byte[] value) {
        return new byte[][] {value};
    }

    private CMSSignedData sign(byte[] content, Map<String, String> request) throws Exception {
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        List<X509Certificate> certificates = new ArrayList<>();
        for (String name : request.get("signers").split(",")) {
            certificates.add(certificate(name));
            generator.addSignerInfoGenerator(signer(name, request));
        }
        generator.addCertificates(new JcaCertStore(certificates));
        return generator.generate(new CMSProcessableByteArray(content), !request.containsKey("detached"));
    }

    private SignerInfoGenerator signer(String name, Map<String, String> request) throws Exception {
        JcaSignerInfoGeneratorBuilder builder = new JcaSignerInfoGeneratorBuilder(digests());
        builder.setDirectSignature(request.containsKey("bare"));
        PrivateKey key = key(name);
        ContentSigner signer = new JcaContentSignerBuilder(algorithm(key, request)).setProvider("BC").build(key);
        X509Certificate certificate = certificate(name);
        return request.containsKey("keyid") ? builder.build(signer, identifier(certificate)) : builder.build(signer, certificate);
    }

    private static String algorithm(PrivateKey key, Map<String, String> request) {
        String hash = request.getOrDefault("hash", "sha256").toUpperCase();
        switch (key.getAlgorithm()) {
            case "RSA": return hash + (request.containsKey("pss") ? "withRSAandMGF1" : "withRSA");
            case "EC": case "ECDSA": return hash + "withECDSA";
            default: return key.getAlgorithm();
        }
    }

    private byte[] verify(byte[] cms, Map<String, String> request) throws Exception {
        String detached = request.get("content");
        return verify(detached == null
            ? new CMSSignedData(cms)
            : new CMSSignedData(new CMSProcessableByteArray(hex(detached)), cms));
    }

    private byte[] verify(CMSSignedData signed) throws Exception {
        if (signed.getSignerInfos().size() == 0) {
            throw new CMSException("nobody signed");
        }
        for (SignerInformation signer : signed.getSignerInfos()) {
            if (!signer.verify(verifier(signed, signer))) {
                throw new CMSException("signature does not verify");
            }
        }
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        signed.getSignedContent().write(content);
        return content.toByteArray();
    }

    private SignerInformationVerifier verifier(CMSSignedData signed, SignerInformation signer) throws Exception {
        X509CertificateHolder holder = (X509CertificateHolder) signed.getCertificates().getMatches(signer.getSID()).iterator().next();
        X509Certificate certificate = (X509Certificate) CertificateFactory.getInstance("X.509", "BC")
            .generateCertificate(new ByteArrayInputStream(holder.getEncoded()));
        certificate.verify(certificate("ca").getPublicKey(), "BC");
        certificate.checkValidity();
        return new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(certificate);
    }

    private byte[] countersign(byte[] cms, Map<String, String> request) throws Exception {
        CMSSignedData signed = new CMSSignedData(cms);
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        generator.addSignerInfoGenerator(signer(request.get("signers"), request));
        List<SignerInformation> signers = new ArrayList<>();
        for (SignerInformation signer : signed.getSignerInfos()) {
            signers.add(SignerInformation.addCounterSigners(signer, generator.generateCounterSigners(signer)));
        }
        CMSSignedData counted = CMSSignedData.replaceSigners(signed, new SignerInformationStore(signers));
        List<X509CertificateHolder> certificates = new ArrayList<>(signed.getCertificates().getMatches(null));
        certificates.add(new JcaX509CertificateHolder(certificate(request.get("signers"))));
        return CMSSignedData.replaceCertificatesAndCRLs(
            counted, new org.bouncycastle.util.CollectionStore<>(certificates), signed.getAttributeCertificates(), signed.getCRLs()
        ).getEncoded("DER");
    }

    private byte[][] countersigners(byte[] cms) throws Exception {
        CMSSignedData signed = new CMSSignedData(cms);
        List<byte[]> names = new ArrayList<>();
        for (SignerInformation signer : signed.getSignerInfos()) {
            for (SignerInformation counter : signer.getCounterSignatures()) {
                if (!counter.verify(verifier(signed, counter))) {
                    throw new CMSException("countersignature does not verify");
                }
                X509CertificateHolder holder = (X509CertificateHolder) signed.getCertificates().getMatches(counter.getSID()).iterator().next();
                names.add(holder.getSubject().toString().getBytes(StandardCharsets.UTF_8));
            }
        }
        return names.toArray(new byte[0][]);
    }

    private byte[] certificates(Map<String, String> request) throws Exception {
        List<X509Certificate> certificates = new ArrayList<>();
        for (String name : request.get("names").split(",")) {
            certificates.add(certificate(name));
        }
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        generator.addCertificates(new JcaCertStore(certificates));
        return generator.generate(new CMSAbsentContent()).getEncoded("DER");
    }

    private static byte[][] readCertificates(byte[] cms) throws Exception {
        List<byte[]> found = new ArrayList<>();
        for (X509CertificateHolder holder : new CMSSignedData(cms).getCertificates().getMatches(null)) {
            found.add(holder.getEncoded());
        }
        return found.toArray(new byte[0][]);
    }

    private byte[] envelop(byte[] content, Map<String, String> request) throws Exception {
        CMSTypedData data = new CMSProcessableByteArray(content);
        OutputEncryptor encryptor = encryptor(request);
        if (encryptor instanceof OutputAEADEncryptor) {
            CMSAuthEnvelopedDataGenerator generator = new CMSAuthEnvelopedDataGenerator();
            recipients(request).forEach(generator::addRecipientInfoGenerator);
            return generator.generate(data, (OutputAEADEncryptor) encryptor).getEncoded();
        }
        CMSEnvelopedDataGenerator generator = new CMSEnvelopedDataGenerator();
        recipients(request).forEach(generator::addRecipientInfoGenerator);
        return generator.generate(data, encryptor).getEncoded();
    }

    private static OutputEncryptor encryptor(Map<String, String> request) throws Exception {
        return new JceCMSContentEncryptorBuilder(
            new ASN1ObjectIdentifier(request.get("cipher")), Integer.parseInt(request.get("bits"))).setProvider("BC").build();
    }

    private List<RecipientInfoGenerator> recipients(Map<String, String> request) throws Exception {
        List<RecipientInfoGenerator> generators = new ArrayList<>();
        for (String name : request.getOrDefault("recipients", "").split(",")) {
            if (!name.isEmpty()) {
                X509Certificate certificate = certificate(name);
                boolean rsa = certificate.getPublicKey().getAlgorithm().equals("RSA");
                generators.add(rsa ? transport(certificate, request) : agreement(certificate, request));
            }
        }
        if (request.containsKey("password")) {
            generators.add(new JcePasswordRecipientInfoGenerator(CMSAlgorithm.AES256_CBC, request.get("password").toCharArray())
                .setProvider("BC")
                .setPasswordConversionScheme(PasswordRecipient.PKCS5_SCHEME2_UTF8)
                .setPRF(PasswordRecipient.PRF.HMacSHA256)
                .setSaltAndIterationCount("sixteen bytes ok".getBytes(StandardCharsets.US_ASCII), 10000));
        }
        if (request.containsKey("kek")) {
            generators.add(new JceKEKRecipientInfoGenerator(hex(request.get("kekid")), secret(request.get("kek"))).setProvider("BC"));
        }
        return generators;
    }

    private static RecipientInfoGenerator transport(X509Certificate certificate, Map<String, String> request) throws Exception {
        byte[] identifier = identifier(certificate);
        boolean keyId = request.containsKey("keyid");
        if (!request.containsKey("oaep")) {
            return (keyId ? new JceKeyTransRecipientInfoGenerator(identifier, certificate.getPublicKey())
                : new JceKeyTransRecipientInfoGenerator(certificate)).setProvider("BC");
        }
        String hash = request.get("oaep").replace("sha", "SHA-");
        OAEPParameterSpec parameters = new OAEPParameterSpec(hash, "MGF1", new MGF1ParameterSpec(hash), PSource.PSpecified.DEFAULT);
        AlgorithmIdentifier oaep = new JcaAlgorithmParametersConverter().getAlgorithmIdentifier(PKCSObjectIdentifiers.id_RSAES_OAEP, parameters);
        return new JceKeyTransRecipientInfoGenerator(certificate, oaep).setProvider("BC");
    }

    private static RecipientInfoGenerator agreement(X509Certificate certificate, Map<String, String> request) throws Exception {
        PublicKey theirs = certificate.getPublicKey();
        KeyPairGenerator generator = KeyPairGenerator.getInstance(theirs.getAlgorithm(), "BC");
        if (theirs instanceof ECPublicKey) {
            generator.initialize(((ECPublicKey) theirs).getParams());
        }
        KeyPair ephemeral = generator.generateKeyPair();
        JceKeyAgreeRecipientInfoGenerator agreement = new JceKeyAgreeRecipientInfoGenerator(
            new ASN1ObjectIdentifier(request.get("agreement")), ephemeral.getPrivate(), ephemeral.getPublic(),
            new ASN1ObjectIdentifier(request.get("wrap"))).setProvider("BC");
        if (request.containsKey("ukm")) {
            agreement.setUserKeyingMaterial(hex(request.get("ukm")));
        }
        return request.containsKey("keyid") ? agreement.addRecipient(identifier(certificate), theirs) : agreement.addRecipient(certificate);
    }

    private byte[] open(byte[] cms, Map<String, String> request) throws Exception {
        String kind = request.get("kind");
        Recipient recipient = recipient(kind, request);
        for (RecipientInformation information : stored(cms, kind)) {
            boolean mine = request.containsKey("reader")
                ? information.getRID().match(new JcaX509CertificateHolder(certificate(request.get("reader"))))
                : information instanceof PasswordRecipientInformation || information instanceof KEKRecipientInformation;
            if (mine) {
                return information.getContent(recipient);
            }
        }
        throw new CMSException("no recipient of mine");
    }

    private static RecipientInformationStore stored(byte[] cms, String kind) throws Exception {
        if (kind.endsWith("-mac")) {
            return new CMSAuthenticatedData(cms).getRecipientInfos();
        }
        return kind.endsWith("-auth") ? new CMSAuthEnvelopedData(cms).getRecipientInfos() : new CMSEnvelopedData(cms).getRecipientInfos();
    }

    private Recipient recipient(String kind, Map<String, String> request) throws Exception {
        switch (kind) {
            case "rsa": return new JceKeyTransEnvelopedRecipient(key(request.get("reader"))).setProvider("BC");
            case "rsa-auth": return new JceKeyTransAuthEnvelopedRecipient(key(request.get("reader"))).setProvider("BC");
            case "rsa-mac": return new JceKeyTransAuthenticatedRecipient(key(request.get("reader"))).setProvider("BC");
            case "agreement": return new JceKeyAgreeEnvelopedRecipient(key(request.get("reader"))).setProvider("BC");
            case "password": return new JcePasswordEnvelopedRecipient(request.get("password").toCharArray())
                .setPasswordConversionScheme(PasswordRecipient.PKCS5_SCHEME2_UTF8).setProvider("BC");
            case "secret": return new JceKEKEnvelopedRecipient(secret(request.get("kek"))).setProvider("BC");
            default: throw new IllegalArgumentException("no such kind: " + kind);
        }
    }

    private byte[][] encrypt(byte[] content, Map<String, String> request) throws Exception {
        OutputEncryptor encryptor = encryptor(request);
        byte[] cms = new CMSEncryptedDataGenerator().generate(new CMSProcessableByteArray(content), encryptor)
            .toASN1Structure().getEncoded();
        return new byte[][] {cms, (byte[]) encryptor.getKey().getRepresentation()};
    }

    private static byte[] decrypt(byte[] cms, Map<String, String> request) throws Exception {
        CMSEncryptedData encrypted = new CMSEncryptedData(org.bouncycastle.asn1.cms.ContentInfo.getInstance(cms));
        return encrypted.getContent(identifier -> {
            try {
                Cipher cipher = Cipher.getInstance(identifier.getAlgorithm().getId(), "BC");
                IvParameterSpec iv = new IvParameterSpec(ASN1OctetString.getInstance(identifier.getParameters()).getOctets());
                cipher.init(Cipher.DECRYPT_MODE, secret(request.get("key")), iv);
                return new InputDecryptor() {
                    public AlgorithmIdentifier getAlgorithmIdentifier() {
                        return identifier;
                    }

                    public java.io.InputStream getInputStream(java.io.InputStream in) {
                        return new CipherInputStream(in, cipher);
                    }
                };
            } catch (java.security.GeneralSecurityException error) {
                throw new org.bouncycastle.operator.OperatorCreationException("cipher", error);
            }
        });
    }

    private static byte[] undigest(byte[] cms) throws Exception {
        CMSDigestedData digested = new CMSDigestedData(cms);
        if (!digested.verify(digests())) {
            throw new CMSException("digest does not match");
        }
        return (byte[]) digested.getDigestedContent().getContent();
    }

    private byte[] authenticate(byte[] content, Map<String, String> request) throws Exception {
        CMSAuthenticatedDataGenerator generator = new CMSAuthenticatedDataGenerator();
        recipients(request).forEach(generator::addRecipientInfoGenerator);
        ASN1ObjectIdentifier mac = new ASN1ObjectIdentifier(request.get("mac"));
        CMSTypedData data = new CMSProcessableByteArray(content);
        var calculator = new JceCMSMacCalculatorBuilder(mac).setProvider("BC").build();
        if (!request.containsKey("digest")) {
            return generator.generate(data, calculator).getEncoded();
        }
        AlgorithmIdentifier sha256 = new AlgorithmIdentifier(CMSAlgorithm.SHA256);
        return generator.generate(data, calculator, digests().get(sha256)).getEncoded();
    }

    private static DigestCalculatorProvider digests() throws Exception {
        return new JcaDigestCalculatorProviderBuilder().setProvider("BC").build();
    }

    private X509Certificate certificate(String name) throws Exception {
        try (var in = Files.newInputStream(people.resolve(name + ".pem"))) {
            return (X509Certificate) CertificateFactory.getInstance("X.509", "BC").generateCertificate(in);
        }
    }

    private PrivateKey key(String name) throws Exception {
        try (PEMParser parser = new PEMParser(new FileReader(people.resolve(name + ".key").toFile()))) {
            return new JcaPEMKeyConverter().setProvider("BC").getPrivateKey((PrivateKeyInfo) parser.readObject());
        }
    }

    private static byte[] identifier(X509Certificate certificate) throws Exception {
        byte[] value = certificate.getExtensionValue("2.5.29.14");
        return SubjectKeyIdentifier.getInstance(JcaX509ExtensionUtils.parseExtensionValue(value)).getKeyIdentifier();
    }

    private static SecretKey secret(String text) {
        return new SecretKeySpec(hex(text), "AES");
    }

    private static byte[] hex(String text) {
        return org.bouncycastle.util.encoders.Hex.decode(text);
    }
}
