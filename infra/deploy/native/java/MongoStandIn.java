import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.bson.Document;
import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;
import org.h2.mvstore.MVStore;

/**
 * A stand-in for MongoDB: {@code MongoStandIn <port> <file> <set name or "">}. mongo-java-server over an H2 file. It claims wire version 9, which the driver
 * asks for, and answers {@code hello}; neither makes it a MongoDB. Each write command is in the file before it is answered, so that data survive SIGKILL.
 */
public final class MongoStandIn extends H2Backend {
    private static final Set<String> WRITES = Set.of("insert", "update", "delete", "findandmodify", "create", "createindexes", "drop", "dropindexes", "dropdatabase");

    private static final MongoVersion CLAIMED = new MongoVersion() {
        @Override
        public List<Integer> getVersionArray() {
            return List.of(4, 4, 0);
        }

        @Override
        public int getWireVersion() {
            return 9;
        }
    };

    private final String address;
    private final String set;

    private MongoStandIn(MVStore store, String address, String set) {
        super(store);
        this.address = address;
        this.set = set;
        version(CLAIMED);
    }

    public static void main(String[] arguments) {
        int port = Integer.parseInt(arguments[0]);
        MVStore store = new MVStore.Builder().fileName(arguments[1]).open();
        MongoStandIn backend = new MongoStandIn(store, "127.0.0.1:" + port, arguments[2]);
        new MongoServer(backend).bind(new InetSocketAddress("127.0.0.1", port));
    }

    @Override
    public Document handleCommand(Channel channel, String database, String command, Document query) {
        if (command.equalsIgnoreCase("hello") || command.equalsIgnoreCase("ismaster")) {
            return hello(super.handleCommand(channel, database, "ismaster", query));
        }
        Document answer = super.handleCommand(channel, database, command, query);
        if (WRITES.contains(command.toLowerCase())) commit();
        return answer;
    }

    private Document hello(Document answer) {
        answer.put("isWritablePrimary", Boolean.TRUE);
        answer.put("helloOk", Boolean.TRUE);
        if (!set.isEmpty()) {
            answer.put("setName", set);
            answer.put("hosts", List.of(address));
            answer.put("me", address);
            answer.put("primary", address);
            answer.put("secondary", Boolean.FALSE);
            answer.put("logicalSessionTimeoutMinutes", 30);
        }
        return answer;
    }
}
