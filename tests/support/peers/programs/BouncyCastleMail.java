import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Properties;
import javax.mail.Message;
import javax.mail.Session;
import javax.mail.internet.InternetAddress;
import javax.mail.internet.MimeBodyPart;
import javax.mail.internet.MimeMessage;
import javax.mail.internet.MimeMultipart;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.RecipientInfoGenerator;
import org.bouncycastle.cms.SignerInfoGenerator;
import org.bouncycastle.mail.smime.SMIMEEnveloped;
import org.bouncycastle.mail.smime.SMIMEEnvelopedGenerator;
import org.bouncycastle.mail.smime.SMIMESigned;
import org.bouncycastle.mail.smime.SMIMESignedGenerator;
import org.bouncycastle.operator.OutputEncryptor;
import org.bouncycastle.util.Store;

/** Signs, encrypts and parses RFC 5322 messages with Bouncy Castle's mail package. */
final class BouncyCastleMail {
    private BouncyCastleMail() {
    }

    /** A message with the signed entity, as multipart/signed if `detached`, otherwise as one opaque part. */
    static byte[] sign(byte[] entity, String from, SignerInfoGenerator signer, Store<X509CertificateHolder> certificates, boolean detached)
            throws Exception {
        SMIMESignedGenerator generator = new SMIMESignedGenerator();
        generator.addSignerInfoGenerator(signer);
        generator.addCertificates(certificates);
        MimeMessage message = start(from);
        MimeBodyPart part = new MimeBodyPart(new ByteArrayInputStream(entity));
        if (detached) {
            message.setContent(generator.generate(part));
        } else {
            MimeBodyPart opaque = generator.generateEncapsulated(part);
            message.setContent(opaque.getContent(), opaque.getContentType());
        }
        return octets(message);
    }

    /** The SignedData of a message, together with the entity that it covers. */
    static CMSSignedData readSigned(byte[] message) throws Exception {
        MimeMessage parsed = new MimeMessage(session(), new ByteArrayInputStream(message));
        return parsed.isMimeType("multipart/signed") ? new SMIMESigned((MimeMultipart) parsed.getContent()) : new SMIMESigned(parsed);
    }

    static byte[] encrypt(byte[] entity, String from, List<RecipientInfoGenerator> recipients, OutputEncryptor encryptor) throws Exception {
        SMIMEEnvelopedGenerator generator = new SMIMEEnvelopedGenerator();
        recipients.forEach(generator::addRecipientInfoGenerator);
        MimeBodyPart encrypted = generator.generate(new MimeBodyPart(new ByteArrayInputStream(entity)), encryptor);
        MimeMessage message = start(from);
        message.setContent(encrypted.getContent(), encrypted.getContentType());
        return octets(message);
    }

    static SMIMEEnveloped readEncrypted(byte[] message) throws Exception {
        return new SMIMEEnveloped(new MimeMessage(session(), new ByteArrayInputStream(message)));
    }

    private static MimeMessage start(String from) throws Exception {
        MimeMessage message = new MimeMessage(session());
        message.setFrom(new InternetAddress(from));
        message.setRecipient(Message.RecipientType.TO, new InternetAddress("rsa2@example.test"));
        message.setSubject("Across the fence");
        return message;
    }

    private static byte[] octets(MimeMessage message) throws Exception {
        message.saveChanges();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        message.writeTo(out);
        return out.toByteArray();
    }

    private static Session session() {
        return Session.getInstance(new Properties());
    }
}
