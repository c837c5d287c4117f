"""The small words and the letters by which languages in Latin script are told apart, collected for Gatepost."""

# ruff: noqa: RUF001, SIM905
# The words are foreign, and read better in lines than in lists.

# English, as comments write it. No word of it may be a frequent one elsewhere (“la”, “der”).
ENGLISH = frozenset(
    """
    the of and to in is it you that he was for on are with as i his they be at one have this from or had by not but
    what some we can out other were all there when up use your how said an each she which do their time if will way
    about many then them would like so these her him has more did my no make than first been its who now people may
    down over only just know take get got me good very could see any even because here where why too into our us go
    going am im dont don't can't cant won't wont didn't didnt doesn't doesnt isn't isnt i'm it's that's thats you're
    youre he's she's they're i've i'll let lol omg wtf u ur r ya yo yall y'all ain't aint gonna wanna gotta tho cuz bc
    bro dude shit fuck fucking ass bitch bitches hoes hoe nigga niggas love hate want need think look please thank
    thanks hey hi hello still never always should really man men right back day new much well was off does must being
    while after before those such same also through between against again own both few most come came back every
    another someone something nothing everyone anyone free call text send reply txt mobile check out video song
    subscribe channel article page talk edit
    """.split()
)

# Words of English that are small words elsewhere: they speak for nobody.
SHARED = frozenset(
    """
    me die war hat bin den fast son ton sent fare per era ten ale hen ham hem had van ben bent plus pour comment ha
    mine sin art dam sera ma al
    """.split()
)

WORDS = {
    "de": """
        ich du er sie es wir ihr mich dich sich uns euch mir dir ihm ihn ihnen mein meine dein deine sein seine unser
        der die das den dem des ein eine einen einem einer und oder aber nicht kein keine ist sind bist seid war waren
        wird werden wurde haben habe hast hatte sein kann können muss soll sollte auf mit von zu zum zur bei nach aus
        für über unter vor durch gegen ohne um im am auch noch schon nur sehr mehr immer wieder hier dort jetzt dann
        wenn weil dass daß ob als wie was wer wo warum alle alles man nichts etwas doch mal ja nein viel diese dieser
        dieses so wäre gibt machen macht leute menschen gehören sollten würde euer eure jeder andere vom beim
    """,
    "fr": """
        je tu il elle nous vous ils elles me te se moi toi lui leur mon ma mes ton ta tes son sa ses notre votre nos
        vos le la les un une des du de au aux et ou mais ne pas plus jamais rien est sont suis es êtes était étaient
        être ai as a avons avez ont avoir fait faire peut dans sur sous avec sans pour par chez vers entre que qui
        quoi dont où quand comme comment pourquoi si très bien tout tous toute toutes ce cet cette ces ça cela il y en
        c'est j'ai n'est d'un d'une qu'il qu'on l'on on aussi encore trop même être déjà alors donc parce était quel
        quelle gens rien jamais beaucoup peu vraiment doit veux veut va vais sera
    """,
    "es": """
        yo tú él ella nosotros vosotros ellos ellas usted ustedes me te se nos os mi mis tu tus su sus nuestro nuestra
        el la los las un una unos unas lo de del al y o pero no ni que quien como cuando donde porque por para con sin
        sobre entre hasta desde es son eres soy somos era fue ser está están estoy estar hay ha han he haber tiene
        tienen tengo hacer hace puede pueden muy más menos ya también todo todos toda todas este esta estos estas ese
        esa eso esto aquí ahora siempre nunca nada algo alguien nadie bien mal qué cómo quién si sí debe deben gente
        les le mucho mucha muchos solo sólo cada otro otra así mejor años cosa quiero quiere
    """,
    "it": """
        io tu lui lei noi voi loro mi ti si ci vi mio mia tuo tua suo sua nostro vostro il lo la i gli le un uno una
        di del della dei degli delle dello da dal dalla in nel nella nei con su sul sulla per tra fra e ed o ma non né
        che chi cui come quando dove perché perchè se sono sei è siamo siete era erano essere ho hai ha abbiamo avete
        hanno avere fare fa può possono molto più meno già anche tutto tutti tutta questo questa questi queste quello
        quella qui ora sempre mai niente nulla qualcosa bene male cosa c'è dell l'ho un'altra altro altri essere stato
        quanto così solo poi senza quindi dopo gente proprio deve
    """,
    "pt": """
        eu tu ele ela nós vós eles elas você vocês me te se nos meu minha teu tua seu sua seus suas nosso o a os as um
        uma uns umas de do da dos das no na nos nas ao à aos pelo pela e ou mas não nem que quem como quando onde
        porque por para com sem sobre entre até desde é são és sou somos era foi ser está estão estou estar há tem têm
        tenho ter fazer faz pode podem muito mais menos já também tudo todos toda todas este esta esse essa isso isto
        aqui agora sempre nunca nada algo alguém ninguém bem mal só ainda depois mesmo gente lhe num numa foi vai vou
        pra
    """,
    "nl": """
        ik jij je hij zij ze wij we jullie mij jou hem haar ons hun mijn jouw zijn het de een en of maar niet geen is
        ben bent waren was wordt worden heb hebt heeft hebben had kan kunnen moet moeten zal zullen op met van naar
        bij uit voor over onder door tegen zonder om in aan te ook nog al alleen zeer meer altijd weer hier daar nu
        dan als omdat dat dit die deze wat wie waar waarom hoe alle alles men niets iets wel toch veel gaat gaan doen
        mensen zou zo hebben eens werd
    """,
    "sv": """
        jag du han hon vi ni de mig dig honom henne oss er dem min mitt din ditt sin en ett den det och eller men inte
        ingen inget är var vara blir blev har hade kan kunde måste ska skulle på med av till från hos efter ut för
        över under genom mot utan om i att också även redan bara mycket mer alltid igen här där nu då när eftersom som
        vad vem varför hur alla allt man något någon så många gör göra år
    """,
    "da": """
        jeg du han hun vi i de mig dig ham hende os jer dem min mit din dit sin en et den det og eller men ikke ingen
        intet er var være bliver blev har havde kan kunne skal skulle på med af til fra hos efter ud for over under
        gennem mod uden om at også endnu kun meget mere altid igen her der nu da når fordi som hvad hvem hvorfor
        hvordan alle alt man noget nogen så mange gør gøre hvis være
    """,
    "no": """
        jeg du han hun vi dere de meg deg ham henne oss dem min mitt din ditt sin en et den det og eller men ikke
        ingen er var være blir ble har hadde kan kunne må skal skulle på med av til fra hos etter ut for over under
        gjennom mot uten om å også bare mye mer alltid igjen her der nå da når fordi som hva hvem hvorfor hvordan alle
        alt man noe noen så mange gjør gjøre hvis bli
    """,
    "fi": """
        minä sinä hän me te he minun sinun hänen se ne tämä nämä ja tai mutta ei en et emme eivät on olen olet ovat
        oli olla ole voi pitää kun jos että koska kuin mitä kuka missä miksi miten kaikki kaikkea vain myös niin nyt
        aina vielä hyvin paljon mikä joka jotka sitä siitä mukaan kanssa ilman ennen jälkeen jo siellä täällä sen
        sitten
    """,
    "pl": """
        ja ty on ona my wy oni mnie ciebie mi ci go jej nas was im mój moja twój twoja swój jest są jestem jesteś był
        była było być i oraz lub albo ale nie że żeby bo ponieważ jak kiedy gdzie kto co dlaczego czy w we na z ze do
        od dla po przed przez przy o u bez pod nad się to ten ta te tego tej tym już tylko też także bardzo więcej
        zawsze nigdy tutaj tam teraz wszystko wszyscy nic coś ktoś może mam masz ma mają jego by tak sobie jeszcze
        który która które
    """,
    "cs": """
        já ty on ona my vy oni mě tě mi ti ho jí nás vás jim můj moje tvůj tvoje svůj je jsou jsem jsi byl byla bylo
        být a i nebo ale ne že aby protože jak když kde kdo co proč zda v ve na z ze do od pro po před přes při o u
        bez pod nad se si to ten ta ty toho té tom už jen také velmi více vždy nikdy tady tam teď všechno všichni nic
        něco někdo může mám máš má mají jeho by tak ještě který která které jako jsme
    """,
    "ro": """
        eu tu el ea noi voi ei ele mă te îl o ne vă îi meu mea tău ta său sa un o niște și sau dar nu că să dacă ca
        cum când unde cine ce de la în din pe cu fără pentru prin este sunt ești era fost fi am ai are avem aveți au
        mai foarte tot toți toate acest această acești aici acum mereu nimic ceva cineva bine rău doar chiar asta
        atunci care lui lor după până
    """,
    "hu": """
        én te ő mi ti ők engem téged őt az a egy és vagy de nem ne van vannak volt lesz hogy ha mert mint mi mit ki
        kit hol miért hogyan minden mindig soha semmi valami itt ott most már csak is meg még nagyon több jó kell
        lehet ez ezt azt ezek azok amit aki ami akkor után előtt nélkül így úgy
    """,
    "tr": """
        ben sen o biz siz onlar beni seni onu bize size bana sana benim senin onun bir bu şu ve veya ama fakat değil
        var yok için ile gibi kadar daha çok en mi mı mu mü ne kim nerede neden niye nasıl her hiç şey bütün tüm ki de
        da eğer çünkü sonra önce olarak olan oldu olur oluyor böyle öyle şimdi hep bile diye ya hem
    """,
    "id": """
        saya aku kamu anda dia kami kita mereka yang dan atau tetapi tapi tidak bukan adalah ada akan sudah telah bisa
        dapat harus di ke dari untuk dengan pada oleh karena jika kalau ini itu apa siapa mengapa bagaimana juga hanya
        sangat lebih semua selalu seperti orang lagi sekarang nya jangan banyak dalam
    """,
    "vi": """
        tôi bạn anh chị em nó chúng họ là và hoặc nhưng không có được của cho với từ trong trên này đó gì ai sao thế
        nào rất nhiều cũng chỉ đã đang sẽ vì nếu khi như người những các một phải đến ra về
    """,
    "ca": """
        jo tu ell ella nosaltres vosaltres ells em et es ens us meu seva el la els les un una uns de del dels al als
        amb i o però no ni que qui com quan on perquè per sense sobre és són sóc era ser està estan hi ha han té tenen
        fer molt més ja també tot tots aquest aquesta això aquí ara sempre mai res bé només gent
    """,
}

# A word with one of these is worth a small word: English has none of them, but for borrowed ones.
LETTERS = {
    "de": frozenset("ßäöü"),
    "fr": frozenset("èêçœîûâ"),
    "es": frozenset("ñ¿¡"),
    "it": frozenset("èòàù"),
    "pt": frozenset("ãõç"),
    "sv": frozenset("åäö"),
    "da": frozenset("åæø"),
    "no": frozenset("åæø"),
    "fi": frozenset("äö"),
    "pl": frozenset("łśżźćńęą"),
    "cs": frozenset("řěůčšž"),
    "ro": frozenset("șțăş"),
    "hu": frozenset("őűáéö"),
    "tr": frozenset("ğışç"),
    "vi": frozenset("ơưđạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ"),
}
